import type { Session } from "../transport/session.js";
import { readScript } from "./read-script.js";

/** Returns the sha256 of a file on the machine, `null` when it is not there. One round trip that changes nothing. */
export async function observePackage(session: Session, path: string): Promise<string | null> {
  const script = { name: "hash-file", text: readScript("observe/hash-file.sh") };
  const answer = await session.exec({ script, args: [path], deadlineMs: 120_000 });
  return answer.stdout.trim() || null;
}
