import { z } from "zod";

const hop = {
  host: z.string().min(1),
  port: z.int().min(1).max(65535).optional(),
  user: z.string().min(1).optional(),
  password: z.string().optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  privateKeyPath: z.string().min(1).optional(),
  privateKeyEnv: z.string().min(1).optional(),
  agentSocketPath: z.string().optional(),
  hostKey: z
    .string()
    .regex(/^\S+ [A-Za-z0-9+/]+={0,2}( .*)?$/, 'must be "<algorithm> <base64>", as in a .pub file')
    .optional(),
  acceptNew: z.boolean().optional(),
  perDialTimeout: z.number().positive().optional(),
  dialErrorLimit: z.int().optional(),
};

/** Checks a connection; the form is `Connection` of provider/model. */
export const connectionSchema = z.strictObject({
  ...hop,
  sudoPassword: z.string().optional(),
  proxy: z.strictObject(hop).optional(),
});
