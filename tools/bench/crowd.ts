import type { BenchHost } from "./host.js";
import { providerRefresh, type Refreshes } from "./measures.js";
import type { Row } from "./tables.js";

const processes = 6000;
const vms = 500;

/** Starts processes that sleep, with some open files each as most have, and others with /dev/kvm open; notes their PIDs. */
const gather = `touch /dev/kvm
: > /run/crowd
crowd() { # how many, file
  i=0
  while [ $i -lt "$1" ]; do
    sleep 3000 3< "$2" 4< /etc/hosts 5< /etc/hosts 6< /etc/hosts 7< /etc/hosts 8< /etc/hosts 9< /etc/hosts &
    echo $! >> /run/crowd
    i=$((i + 1))
  done
}
{ crowd ${processes} /etc/hosts; crowd ${vms} /dev/kvm; } > /dev/null 2>&1 < /dev/null`;

/** Measures a refresh of the host among thousands of processes, and 500 VMs, against one of the host alone. */
export async function measureCrowd(bench: BenchHost, alone: Refreshes): Promise<Row[]> {
  await bench.machine.shell(gather);
  const crowded = await providerRefresh(bench);
  await bench.machine.shell("xargs kill < /run/crowd; rm /run/crowd /dev/kvm");
  return [
    {
      what: `refresh by the provider, ${processes} processes, ${vms} VMs`,
      against: { what: "hardly any", seconds: alone.provider.seconds },
      ...crowded,
    },
  ];
}
