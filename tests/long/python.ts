/** What the longer runs need of Python. */
export const MISSING_PYTHON =
  'python3 (3.10 or later) with venv is needed: on Debian or Ubuntu, apt-get install python3 python3-venv'
