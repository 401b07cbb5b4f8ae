import { z } from "zod";
import { fileText, hostText, lineText, nameText, secretLine } from "./texts.js";

const hop = {
  host: hostText(),
  port: z.int().min(1).max(65535).optional(),
  user: nameText().optional(),
  password: secretLine().optional(),
  privateKey: fileText().optional(),
  privateKeyPassword: secretLine().optional(),
  privateKeyPath: lineText(4096).optional(),
  privateKeyEnv: nameText().optional(),
  agentSocketPath: lineText(4096).optional(),
  hostKey: lineText(16_384)
    .regex(/^\S+ [A-Za-z0-9+/]+={0,2}( .*)?$/, 'must be "<algorithm> <base64>", as in a .pub file')
    .optional(),
  acceptNew: z.boolean().optional(),
  transport: z.enum(["builtin", "openssh"]).optional(),
  perDialTimeout: z.number().positive().optional(),
  dialErrorLimit: z.int().optional(),
};

/** Checks a connection; the form is `Connection` of provider/model. */
export const connectionSchema = z.strictObject({
  ...hop,
  sudoPassword: secretLine().optional(),
  proxy: z.strictObject(hop).optional(),
});
