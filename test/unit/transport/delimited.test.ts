import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Delimited } from "../../../provider/transport/command/delimited.js";

const marks = { begin: "vgpu-begin-a1\n", end: "vgpu-end-a1 " };

/** Feeds the text in pieces that end at the given places. */
function read(text: string, cuts: readonly number[], delimiters: { begin: string; end?: string } = marks) {
  const taken: Buffer[] = [];
  const stream = new Delimited(delimiters, (chunk) => taken.push(Buffer.from(chunk)));
  const bytes = Buffer.from(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    stream.add(bytes.subarray(from, end));
    from = end;
  }
  stream.finish();
  return {
    own: Buffer.concat(taken).toString(),
    before: stream.before.text(),
    begun: stream.begun,
    code: stream.code,
  };
}

const cuts = fc.array(fc.nat(500), { maxLength: 8 });
/** Text with beginnings of marks in it, and marks of other calls. */
const noise = fc
  .array(
    fc.constantFrom(
      "v",
      "vgpu-",
      "vgpu-begin-",
      "vgpu-end-",
      "vgpu-begin-b2\n",
      "vgpu-end-b2 0\n",
      "a1",
      "\n",
      "Welcome",
      "0\n",
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""))
  .filter((text) => !text.includes(marks.begin) && !text.includes(marks.end));

describe("an answer between the marks of its call", () => {
  it("is what stands between them, wherever the stream is cut, whatever is printed before and after", () => {
    fc.assert(
      fc.property(noise, noise, noise, fc.nat(255), cuts, (before, own, after, code, at) => {
        fc.pre(
          !(before + marks.begin).slice(0, -1).includes(marks.begin) &&
            !(own + marks.end).slice(0, -1).includes(marks.end),
        );
        const text = `${before}${marks.begin}${own}${marks.end}${code}\n${after}`;
        expect(read(text, at)).toEqual({ own, before, begun: true, code });
      }),
    );
  });

  it("has no exit code where its end is missing, and then keeps every byte that came", () => {
    fc.assert(
      fc.property(noise, cuts, fc.nat(marks.end.length), (own, at, part) => {
        const cut = own + marks.end.slice(0, part);
        fc.pre(!cut.includes(marks.end));
        expect(read(`${marks.begin}${cut}`, at)).toEqual({
          own: cut,
          before: "",
          begun: true,
          code: undefined,
        });
      }),
    );
  });

  it("has not begun where the mark is another call's: all of it is what the login shell said", () => {
    const text = "Welcome\nvgpu-begin-b2\nfacts\nvgpu-end-b2 0\n";
    expect(read(text, [3, 20])).toEqual({ own: "", before: text, begun: false, code: undefined });
  });

  it.each(["", "x\n", "1234\n", "-1\n", "0"])("takes %j after the end mark for no exit code", (follows) => {
    expect(read(`${marks.begin}own${marks.end}${follows}`, []).code).toBeUndefined();
  });

  it("goes to the end of the stream where only its beginning is marked", () => {
    expect(read("sudo: hm\nvgpu-begin-a1\nerr vgpu-end-a1 0\n", [12], { begin: marks.begin })).toEqual({
      own: "err vgpu-end-a1 0\n",
      before: "sudo: hm\n",
      begun: true,
      code: undefined,
    });
  });
});
