declare const brand: unique symbol;

/** A `Base` that only the constructor of `Name` may produce; at run time it is a plain `Base`. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
