import { describe, expect, it } from "vitest";
import { headersAdvice } from "../../../provider/plan/prerequisites/headers-package.js";

describe("the name of the headers' package", () => {
  const debian = { id: "debian", like: [], version: "12" };
  const rocky = { id: "rocky", like: ["rhel", "centos", "fedora"], version: "9.4" };
  const suse = { id: "opensuse-leap", like: ["suse", "opensuse"], version: "15.6" };

  it.each([
    ["5.14.0-427.13.1.el9_4.x86_64+rt", rocky],
    ["5.14.0-427.13.1.el9_4.x86_64+debug", rocky],
    ["4.18.0-553.rt7.342.el8_10.x86_64", rocky],
    ["6.9.5-1.el9.elrepo.x86_64", rocky],
    ["3.10.0-1160.el7.centos.plus.x86_64", rocky],
    ["6.12.0-100.28.2.el9uek.x86_64+debug", rocky],
    ["6.9.0-custom", rocky],
    ["6.9.0-custom", debian],
    ["6.9.3-x64v3-xanmod1", debian],
    ["6.9.0-custom", suse],
    ["6.2.16-3-pve", debian],
    ["6.8.12-11-pve", { id: "arch", like: [], version: "" }],
    ["5.14.0-427.el9.x86_64", { id: "arch", like: [], version: "" }],
    ["5.14.0-427.el9.x86_64", { id: "", like: [""], version: "" }],
  ])("is no guess for a kernel that the distribution does not build: %s", (kernel, distribution) => {
    expect(headersAdvice(kernel, distribution)).toBe(
      `install the package of this distribution that brings /lib/modules/${kernel}/build`,
    );
  });

  it.each([
    ["6.1.0-13-amd64", debian, "install linux-headers-6.1.0-13-amd64"],
    [
      "6.8.0-45-generic",
      { id: "ubuntu", like: ["debian"], version: "24.04" },
      "install linux-headers-6.8.0-45-generic",
    ],
    [
      "6.8.0-45-generic",
      { id: "linuxmint", like: ["ubuntu", "debian"], version: "22" },
      "install linux-headers-6.8.0-45-generic",
    ],
    ["6.8.0-45-generic", { id: "ubuntu", like: [], version: "" }, "install linux-headers-6.8.0-45-generic"],
    ["6.12.48+deb13-amd64", debian, "install linux-headers-6.12.48+deb13-amd64"],
    ["6.5.0-0.deb12.4-cloud-amd64", debian, "install linux-headers-6.5.0-0.deb12.4-cloud-amd64"],
    ["5.14.0-427.13.1.el9_4.x86_64", rocky, "install kernel-devel-5.14.0-427.13.1.el9_4.x86_64"],
    [
      "6.8.5-301.fc40.x86_64",
      { id: "fedora", like: [], version: "40" },
      "install kernel-devel-6.8.5-301.fc40.x86_64",
    ],
    ["5.4.203-1-pve", { ...debian, version: "10" }, "install pve-headers-5.4.203-1-pve"],
    ["5.15.158-2-pve", debian, "install pve-headers-5.15.158-2-pve"],
    [
      "6.2.16-20-bpo11-pve",
      { ...debian, version: "11" },
      "install the package of this distribution that brings /lib/modules/6.2.16-20-bpo11-pve/build",
    ],
    ["6.2.11-2-pve", { ...debian, version: "11" }, "install pve-headers-6.2.11-2-pve"],
    ["6.8.12-11-pve", debian, "install proxmox-headers-6.8.12-11-pve"],
    ["6.14.8-2-pve", { ...debian, version: "13" }, "install proxmox-headers-6.14.8-2-pve"],
    ["5.15.158-2-pve", { ...debian, version: "11" }, "install pve-headers-5.15.158-2-pve"],
    [
      "5.14.0-427.el9.x86_64",
      { id: "rocky", like: ["rhel", "centos", "fedora"], version: "9.4" },
      "install kernel-devel-5.14.0-427.el9.x86_64",
    ],
    [
      "5.15.0-300.el9uek.x86_64",
      { id: "ol", like: ["fedora"], version: "9.4" },
      "install kernel-uek-devel-5.15.0-300.el9uek.x86_64",
    ],
    [
      "6.4.0-150600.23.7-default",
      { id: "sles", like: ["suse"], version: "15.6" },
      "install kernel-default-devel of version 6.4.0-150600.23.7",
    ],
    [
      "6.4.0-150600.23.7-default",
      { id: "opensuse-leap", like: ["suse", "opensuse"], version: "15.6" },
      "install kernel-default-devel of version 6.4.0-150600.23.7",
    ],
    [
      "6.11.3-arch1-1",
      { id: "arch", like: [], version: "" },
      "install the package of this distribution that brings /lib/modules/6.11.3-arch1-1/build",
    ],
    [
      "6.6.0-custom",
      { id: "", like: [], version: "" },
      "install the package of this distribution that brings /lib/modules/6.6.0-custom/build",
    ],
  ])("for %s", (kernel, distribution, advice) => {
    expect(headersAdvice(kernel, distribution)).toBe(advice);
  });

  it.each(["rhel", "centos", "fedora"])("is that of Red Hat's on %s and what is like it", (name) => {
    for (const distribution of [
      { id: name, like: [], version: "" },
      { id: "other", like: [name], version: "" },
    ])
      expect(headersAdvice("5.14.0-427.el9.x86_64", distribution)).toBe(
        "install kernel-devel-5.14.0-427.el9.x86_64",
      );
  });

  it.each(["suse", "opensuse", "sles"])("is that of SUSE on %s and what is like it", (name) => {
    for (const distribution of [
      { id: name, like: [], version: "" },
      { id: "other", like: [name], version: "" },
    ])
      expect(headersAdvice("6.4.0-150600.23.7-default", distribution)).toBe(
        "install kernel-default-devel of version 6.4.0-150600.23.7",
      );
  });
});
