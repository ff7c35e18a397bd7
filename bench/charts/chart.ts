/** A chart as data: what ECharts is told. */
export interface Chart {
  /** Of the file, without its ending. */
  readonly name: string
  readonly width: number
  readonly height: number
  readonly option: Readonly<Record<string, unknown>>
}

export const OURS = '#0f766e'
export const THEIRS = '#94a3b8'

export const title = (text: string, subtext: string): Readonly<Record<string, unknown>> => ({
  text,
  subtext,
  left: 12,
  top: 8,
  textStyle: { fontSize: 15 },
  itemGap: 5,
})

/** Three digits that mean something. */
export const rounded = (value: number): number => Number(value.toPrecision(3))
