import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../docs/pages.js";
import { externalCommands } from "../docs/shell-commands.js";

const texts = globSync("provider/**/*.sh", { cwd: repositoryRoot })
  .toSorted()
  .map((path) => [path, readFileSync(join(repositoryRoot, path), "utf8")] as const);

/** What would end processes of others, change packages, load modules, or write firmware and the boot's configuration. */
const never = [
  ..."kill pkill killall fuser skill".split(" "),
  ..."apt apt-get aptitude dnf yum zypper dpkg snap pip".split(" "),
  ..."modprobe insmod rmmod kmod".split(" "),
  ..."grub-mkconfig grub2-mkconfig update-grub grubby efibootmgr kernelstub bootctl".split(" "),
  ..."nvflash displaymodeselector gpumodeswitch setpci mokutil-import".split(" "),
];

/** The one that ends a process ends its own: what it started to watch the silence of its client. */
const ownProcesses = "provider/transport/scripts/hold-lock.sh";

describe("the scripts that run on machines", () => {
  it("start no program that would end a process, change packages, load a module or write firmware", () => {
    const started = externalCommands(texts.map(([, text]) => text));
    expect(started.filter((name) => never.includes(name.slice(name.lastIndexOf("/") + 1)))).toEqual([]);
    const ending = texts.filter(([, text]) => /(^|[;&|({\s])kill\s/m.test(text.replace(/^\s*#.*$/gm, "")));
    expect(ending.map(([path]) => path)).toEqual([ownProcesses]);
  });

  it("ask of package managers what is there, and nothing else", () => {
    const asked = texts.flatMap(([, text]) =>
      [...text.matchAll(/\b(?:rpm|dpkg|dpkg-query) (-\S+)/g)].map(([, option]) => option),
    );
    expect([...new Set(asked)].toSorted()).toEqual(["-L", "-S", "-W", "-qa", "-qf", "-ql"]);
  });

  it("ask of nvidia-smi what is there, and nothing else", () => {
    const asked = texts.flatMap(([, text]) =>
      [...text.replace(/^\s*#.*$/gm, "").matchAll(/\bnvidia-smi\b(?:[ \t]+(vgpu|-[-\w]+))+/g)].map(([call]) =>
        call.replace(/\s+/g, " "),
      ),
    );
    expect([...new Set(asked)].toSorted()).toEqual([
      "nvidia-smi -q",
      "nvidia-smi vgpu -s",
      "nvidia-smi vgpu -s -v -i",
    ]);
  });

  it("write to no configuration of the boot, and bind no driver", () => {
    const written = texts.flatMap(([path, text]) =>
      [...text.matchAll(/(?:>>?|\bsed -i\S*|\btee|\bmv \S+|\bcp \S+)[^\n;|&]*/g)].map(
        ([line]) => `${path}: ${line}`,
      ),
    );
    expect(
      written.filter((line) =>
        /\/boot\b(?!\.sh:)|\/etc\/(default|kernel|grub)|cmdline|\/(un)?bind|driver_override/.test(line),
      ),
    ).toEqual([]);
    expect(
      externalCommands(texts.map(([, text]) => text)).filter((name) => /busctl|gdbus|dbus-send/.test(name)),
    ).toEqual([]);
  });

  it("restart no service but the guest's daemon of the license", () => {
    const restarts = texts.flatMap(([, text]) =>
      [
        ...text.matchAll(
          /systemctl\s+(?:--\S+\s+)*((?:try-)?(?:reload-or-)?(?:restart|stop|kill|reload))\s+(\S+)/g,
        ),
      ].map(([, , unit]) => unit),
    );
    expect([...new Set(restarts)]).toEqual(["nvidia-gridd.service"]);
  });
});
