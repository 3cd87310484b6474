import { parseDomain } from '#lib/domain';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { EditRefused } from './edit.ts';

/** A key to be put into `domains.yaml`. */
interface NewSelector {
  /** In any form of its name. */
  readonly domain: string;
  readonly selector: string;
  /** As the file is to say it. */
  readonly keyFile: string;
}

/**
 * Adds a DKIM key to a domain and lets it sign, keeping comments and order.
 * @returns the new text; it is checked as a whole before it is put in force.
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
 * Removes a DKIM key from a domain, so that it neither signs nor is kept; comments and order stay.
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

/** The settings of a domain, whichever way its name is written. */
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

/** The map at a key, made when it is missing. Maps that grow are written on lines of their own. */
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

/** The key of that name as the map has it: 2026 may be a number there. */
function keyIn(map: YAMLMap, name: string): unknown {
  return map.items.find(({ key }) => isSame(key, name))?.key ?? null;
}

/** Selectors are names of DNS, so case does not matter. */
function isSame(node: unknown, selector: string): boolean {
  return String(node).toLowerCase() === selector.toLowerCase();
}
