/** Whether a server is Parlor, by its name. */
export const isParlor = (name: string): boolean => name.startsWith('parlor-')
