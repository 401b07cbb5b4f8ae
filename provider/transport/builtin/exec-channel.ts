import type { Client, ClientChannel } from "ssh2";
import { OpeningTimeout } from "../link/channel-slots.js";
import { NotSent } from "../link/link.js";
import { within } from "../link/within.js";

/**
 * Asks for a channel that runs `command`.
 * @throws NotSent when the connection is gone and nothing was sent; OpeningTimeout when the machine does not answer within `withinMs`; a channel that comes later is closed
 */
export async function execOn(client: Client, command: string, withinMs: number): Promise<ClientChannel> {
  let lost = () => {};
  let settle: (error: Error | undefined, channel: ClientChannel) => void = () => {};
  let over = false;
  const sent = new Promise<ClientChannel>((resolve, reject) => {
    lost = () => reject(new Error("the connection was closed"));
    settle = (error, channel) => {
      client.off("close", lost);
      if (error) reject(error);
      else if (over)
        channel
          .resume()
          .on("error", () => {})
          .close();
      else resolve(channel);
    };
  });
  try {
    client.exec(command, settle);
  } catch {
    throw new NotSent();
  }
  client.once("close", lost);
  return within(sent, withinMs, () => {
    over = true;
    return new OpeningTimeout(true);
  });
}
