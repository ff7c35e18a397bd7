/** `value` as plain JavaScript passes it: nobody checks its type. */
export const unchecked = (value: unknown): ReturnType<typeof JSON.parse> => value
