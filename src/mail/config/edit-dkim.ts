import { parseDomain } from '#lib/domain';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { EditRefused } from './edit.ts';

/** A key to add to `domains.yaml`. */
export interface NewSelector {
  /** Domain in any form of its name. */
  readonly domain: string;
  readonly selector: string;
  /** Path as it will be written in the file. */
  readonly keyFile: string;
}

/**
 * Adds a DKIM key to a domain and enables signing with it, keeping comments and order.
 * @returns the new text, which the caller checks as a whole before it takes effect.
 * @throws EditRefused when there is no such domain, or it has the selector already.
 */
export function addDkimSelector(text: string, { domain, selector, keyFile }: NewSelector): string {
  const document = parseDocument(text);
  const settings = domainSettings(document, domain);
  const dkim = innerMap(document, settings, 'dkim');
  const selectors = innerMap(document, dkim, 'selectors');
  if (keyIn(selectors, selector) !== null) throw new EditRefused(`${domain} has a selector ${selector} already`);
  selectors.set(document.createNode(selector), document.createNode({ keyFile }));
  const sign: unknown = dkim.get('sign');
  if (isSeq(sign)) sign.add(document.createNode(selector));
  else {
    const list = document.createNode([selector]);
    list.flow = true;
    dkim.set('sign', list);
  }
  return document.toString({ lineWidth: 0 });
}

/**
 * Removes a DKIM key from a domain and from its signing keys, keeping comments and order.
 * @throws EditRefused when there is no such domain or selector.
 */
export function removeDkimSelector(text: string, domain: string, selector: string): string {
  const document = parseDocument(text);
  const settings = domainSettings(document, domain);
  const dkim: unknown = settings.get('dkim');
  const selectors: unknown = isMap(dkim) ? dkim.get('selectors') : null;
  const key = isMap(selectors) ? keyIn(selectors, selector) : null;
  if (!isMap(dkim) || !isMap(selectors) || key === null) throw new EditRefused(`${domain} has no selector ${selector}`);
  selectors.delete(key);
  const sign: unknown = dkim.get('sign');
  if (isSeq(sign)) sign.items = sign.items.filter((item) => !isSame(item, selector));
  if (selectors.items.length === 0) settings.delete('dkim');
  return document.toString({ lineWidth: 0 });
}

/** Finds the settings of a domain in any form of its name. @throws EditRefused when there is none. */
function domainSettings(document: Document, domain: string): YAMLMap {
  const wanted = parseDomain(domain);
  const domains: unknown = document.get('domains');
  const pair =
    isMap(domains) &&
    domains.items.find(({ key }) => {
      const name = parseDomain(String(key));
      return name.ok && wanted.ok && name.value.ascii === wanted.value.ascii;
    });
  if (!pair || !isMap(pair.value)) throw new EditRefused(`no domain ${domain}`);
  return pair.value;
}

/** Returns the map at a key, creating it when missing. Maps that grow are written in block style. */
function innerMap(document: Document, outer: YAMLMap, key: string): YAMLMap {
  if (outer.items.length === 0) outer.flow = false;
  const inner: unknown = outer.get(key);
  if (isMap(inner)) {
    if (inner.items.length === 0) inner.flow = outer.flow === true;
    return inner;
  }
  const made = document.createNode({});
  outer.set(key, made);
  if (!isMap(made)) throw new TypeError('no map was made');
  return made;
}

/** Returns the key of a name as it is in the map, where 2026 may be a number. */
function keyIn(map: YAMLMap, name: string): unknown {
  return map.items.find(({ key }) => isSame(key, name))?.key ?? null;
}

/** Compares selectors, which are DNS names: case does not matter (RFC 4343 §3). */
function isSame(node: unknown, selector: string): boolean {
  return String(node).toLowerCase() === selector.toLowerCase();
}
