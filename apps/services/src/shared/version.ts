/** The version of the services and of their programs: that of the whole house. */
export const version = '0.1.0'
