import { existsSync } from "node:fs";
import path from "node:path";
import type { Finding, Repository } from "./finding.js";

const link = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** Relative links of the Markdown pages whose target, or heading in it, is not there. */
export function brokenLinks({ root, files }: Repository): Finding[] {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  return files
    .filter((file) => file.path.endsWith(".md"))
    .flatMap((page) =>
      [...withoutCode(page.text).matchAll(link)].flatMap(([, target = ""]) => {
        if (/^[a-z]+:/i.test(target)) return [];
        const [file = "", heading] = target.split("#");
        const wanted = file === "" ? page.path : path.posix.join(path.posix.dirname(page.path), file);
        if (!existsSync(path.join(root, wanted))) return [broken(page.path, target)];
        const text = texts.get(wanted);
        if (heading === undefined || text === undefined || headings(text).has(heading)) return [];
        return [broken(page.path, target)];
      }),
    );
}

function broken(page: string, target: string): Finding {
  return { where: page, what: `the link ${target} leads nowhere`, fails: true };
}

function headings(text: string): Set<string> {
  const titles = [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ""));
}
