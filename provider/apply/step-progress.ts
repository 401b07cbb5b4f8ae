/** Shows the steps of one plan while they run. */
export interface StepProgress {
  /** A step begins; `head` is what stands before all that is said of it. */
  begin(head: string, text: string): void;
  /** Something of the step that runs. */
  detail(text: string): void;
  /** No step runs any more. */
  end(): void;
}

/** How long a step may run in silence, milliseconds. */
const silenceMs = 15_000;

/** Returns what says of each step that it begins, how far it is, and now and then for how long it runs. */
export function stepProgress(say: (text: string) => void): StepProgress {
  let head = "";
  let began = 0;
  let ticking: NodeJS.Timeout | undefined;
  const end = () => clearInterval(ticking);
  const listen = () => {
    end();
    ticking = setInterval(() => say(`${head}, ${seconds(began)} s`), silenceMs).unref();
  };
  return {
    begin(name, text) {
      head = name;
      began = performance.now();
      say(text);
      listen();
    },
    detail(text) {
      say(head === "" ? text : `${head}: ${text}`);
      if (head !== "") listen();
    },
    end,
  };
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1000);
}
