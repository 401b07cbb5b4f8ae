// The settings of a GPU are an open set: each folder below provider/settings merges what is its own into these interfaces.

/** What the look tells of a GPU's settings. */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the settings
export interface SettingFacts {}

/** What a program declares of a GPU, by the names of its arguments. */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the settings
export interface SettingArguments {}

/** What our manifest notes of a GPU. */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the settings
export interface SettingRecord {}

/** The steps that change settings: what each has beside its kind and its GPU. */
// biome-ignore lint/suspicious/noEmptyInterface: merged into by the settings
export interface SettingSteps {}
