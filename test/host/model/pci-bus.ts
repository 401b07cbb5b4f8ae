import { SysError } from "../types.js";
import type { PciFunction } from "./pci-function.js";

/** A PCI driver that a module brought. */
export interface PciDriver {
  readonly name: string;
  readonly module: string;
  /** Whether it takes the function without being told to. */
  matches(fn: PciFunction): boolean;
  /** Called after the function is bound. */
  bound?(fn: PciFunction): void;
  /** Called before the function is let go; may wait, as the kernel does while somebody uses it. */
  unbinding?(fn: PciFunction): void | Promise<void>;
}

/** All functions and drivers of one machine's PCI bus, and who is bound to whom. */
export class PciBus {
  readonly #functions = new Map<string, PciFunction>();
  #roots: readonly string[] | undefined;
  #sorted: readonly PciFunction[] | undefined;
  readonly #drivers = new Map<string, PciDriver>();

  /** All functions in order of address. */
  functions(): readonly PciFunction[] {
    this.#sorted ??= [...this.#functions.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
    return this.#sorted;
  }

  /** The host bridges' names, e.g. `"pci0000:40"`. */
  roots(): readonly string[] {
    this.#roots ??= [...new Set(this.functions().map((fn) => fn.identity.behind.split("/")[0] ?? ""))];
    return this.#roots;
  }

  find(address: string): PciFunction | undefined {
    return this.#functions.get(address);
  }

  drivers(): PciDriver[] {
    return [...this.#drivers.values()];
  }

  driversOfModule(module: string): string[] {
    return this.drivers()
      .filter((driver) => driver.module === module)
      .map((driver) => driver.name);
  }

  add(fn: PciFunction): void {
    this.#functions.set(fn.address, fn);
    this.#sorted = undefined;
    this.#roots = undefined;
    this.probe(fn);
  }

  remove(fn: PciFunction): void {
    fn.driver = undefined;
    this.#functions.delete(fn.address);
    this.#sorted = undefined;
    this.#roots = undefined;
  }

  register(driver: PciDriver): void {
    this.#drivers.set(driver.name, driver);
    for (const fn of this.functions()) this.probe(fn);
  }

  async unregister(name: string): Promise<void> {
    for (const fn of this.functions()) if (fn.driver === name) await this.unbind(fn);
    this.#drivers.delete(name);
  }

  /** Finds a driver for a function that has none; `driver_override` allows only the one it names. */
  probe(fn: PciFunction): void {
    if (fn.driver !== undefined) return;
    const driver = this.drivers().find((each) => this.#accepts(each, fn));
    if (driver === undefined) return;
    fn.driver = driver.name;
    driver.bound?.(fn);
  }

  /** What a write to a driver's `bind` does. @throws SysError ENODEV */
  bind(driverName: string, address: string): void {
    const fn = this.find(address);
    const driver = this.#drivers.get(driverName);
    if (fn === undefined || driver === undefined || fn.driver !== undefined || !this.#accepts(driver, fn)) {
      throw new SysError("ENODEV");
    }
    fn.driver = driverName;
    driver.bound?.(fn);
  }

  /** What a write to a driver's `unbind` does. @throws SysError ENODEV */
  async unbindByName(driverName: string, address: string): Promise<void> {
    const fn = this.find(address);
    if (fn === undefined || fn.driver !== driverName) throw new SysError("ENODEV");
    await this.unbind(fn);
  }

  async unbind(fn: PciFunction): Promise<void> {
    const driver = this.#drivers.get(fn.driver ?? "");
    await driver?.unbinding?.(fn);
    fn.driver = undefined;
  }

  /** Power is gone: nobody is asked. */
  clear(): void {
    for (const fn of this.functions()) {
      fn.driver = undefined;
      fn.driverOverride = undefined;
    }
    this.#drivers.clear();
  }

  #accepts(driver: PciDriver, fn: PciFunction): boolean {
    return fn.driverOverride === undefined ? driver.matches(fn) : fn.driverOverride === driver.name;
  }
}
