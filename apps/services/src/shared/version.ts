/** The version of the services and of their programs. */
export const version = '0.1.0'
