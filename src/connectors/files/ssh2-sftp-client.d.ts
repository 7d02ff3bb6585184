/** The package has no types of its own; sftp-session.ts says what is used of it. */
declare module 'ssh2-sftp-client' {
  const client: unknown
  export default client
}
