/** The part of the package `tr46` (Unicode UTS #46, non-transitional) that we use; it ships no types. */
declare module 'tr46' {
  /** Switches of UTS #46 §4. */
  interface ProcessingOptions {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
    readonly checkJoiners?: boolean;
    readonly transitionalProcessing?: boolean;
    readonly useSTD3ASCIIRules?: boolean;
    readonly verifyDNSLength?: boolean;
  }
  /** Returns the A-labels of a name; null when the name violates an enabled rule. */
  export function toASCII(domain: string, options?: ProcessingOptions): string | null;
  /** Returns the U-labels of a name. */
  export function toUnicode(domain: string, options?: ProcessingOptions): { domain: string; error: boolean };
}
