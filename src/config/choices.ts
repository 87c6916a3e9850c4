// What a caller chooses of a pre-training: all else has its default.

import type { MethodName, MethodOptions } from "../methods/registry.js";
import type { CommonConfig } from "./schema.js";

/** Any of the keys of a section, and of the sections within it; lists are chosen as a whole. */
export type SomeOf<Section> = Section extends readonly unknown[]
  ? Section
  : Section extends object
    ? { readonly [Key in keyof Section]?: SomeOf<Section[Key]> | undefined }
    : Section;

interface OwnChoices<Name extends MethodName> {
  readonly method: Name;
  readonly methodOptions?: SomeOf<MethodOptions<Name>> | undefined;
}

/** The method, `mixedae` where none is named, and any of its options. */
type MethodChoices =
  | { readonly [Name in MethodName]: OwnChoices<Name> }[MethodName]
  | (Omit<OwnChoices<"mixedae">, "method"> & { readonly method?: undefined });

/** The images, and whatever else is chosen of a configuration. A whole `PretrainConfig` is one of these too. */
export type PretrainChoices = Pick<CommonConfig, "source"> & SomeOf<Omit<CommonConfig, "source">> & MethodChoices;
