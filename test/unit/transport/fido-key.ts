/** The file of a key on a security key: its public half, and a handle in place of the private one. */
export function fidoKey(): string {
  const text = (value: string | Buffer) => {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const half = Buffer.concat([text("sk-ssh-ed25519@openssh.com"), text(Buffer.alloc(32, 7)), text("ssh:")]);
  const one = Buffer.from([0, 0, 0, 1]);
  const body = [
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    one,
    text(half),
    text("x"),
  ];
  const encoded = Buffer.concat(body)
    .toString("base64")
    .replace(/(.{70})/g, "$1\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${encoded}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
