const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgi?A?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

const maxChars = 60;

/** Returns words for a User-Agent field (RFC 9110 §10.1.5), such as `Firefox on Linux`; its first product where it is of no known browser. */
export function deviceOf(userAgent: string | null): string {
  if (userAgent === null) return 'unknown';
  const browser = browsers.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = systems.find(([pattern]) => pattern.test(userAgent))?.[1];
  const product = /^[\w!#$%&'*+.^`|~/-]+/.exec(userAgent)?.[0].slice(0, maxChars) ?? 'unknown';
  const program = browser ?? product.replace(/^Mozilla\/5\.0$/, 'unknown');
  return system === undefined ? program : `${program} on ${system}`;
}
