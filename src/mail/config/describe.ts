import { z } from 'zod';
import { domainsSchema } from './domains-schema.ts';
import { sendmailSchema } from './sendmail-schema.ts';
import { serverSchema } from './server-schema.ts';

const schemas = { server: serverSchema, domains: domainsSchema, sendmail: sendmailSchema };

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly title?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  /** Alternatives of a block, distinguished by `kind`. */
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: string;
  /** Name of a kind of value that JSON Schema cannot express (see units.ts). */
  readonly 'x-kind'?: string;
}

/** Returns the JSON Schema (2020-12) of a configuration file, for completion and checks in editors. */
export function configJsonSchema(which: keyof typeof schemas): object {
  return z.toJSONSchema(schemas[which], { io: 'input', unrepresentable: 'any' });
}

/** Returns the reference of all settings of a file as text: path, kind, default and meaning of each. */
export function describeConfig(which: keyof typeof schemas): string {
  const schema = configJsonSchema(which) as JsonSchema;
  const lines = [`# ${schema.title ?? which}: ${schema.description ?? ''}`, ''];
  describe(schema, '', true, lines);
  return `${lines.join('\n')}\n`;
}

function describe(schema: JsonSchema, path: string, required: boolean, lines: string[]): void {
  if (path !== '') {
    const facts = [kind(schema), required ? 'required' : null, defaultOf(schema)].filter((fact) => fact !== null);
    lines.push(`${path} (${facts.join(', ')})`, `    ${schema.description ?? ''}`);
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    describe(child, path === '' ? name : `${path}.${name}`, schema.required?.includes(name) ?? false, lines);
  }
  if (typeof schema.additionalProperties === 'object')
    describe(schema.additionalProperties, `${path}.NAME`, false, lines);
  if (schema.items?.properties !== undefined) describe(schema.items, `${path}.N`, false, lines);
  for (const variant of schema.oneOf ?? []) describe(variant, path, false, lines);
}

function kind(schema: JsonSchema): string {
  if (schema['x-kind'] !== undefined) return schema['x-kind'];
  if (schema.const !== undefined) return `always ${schema.const}`;
  if (schema.oneOf !== undefined) return 'block of one of several kinds';
  const ofKind = schema.properties?.['kind']?.const;
  if (ofKind !== undefined) return `block, kind ${ofKind}`;
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'object') return schema.properties === undefined ? 'entries by name' : 'block';
  if (schema.items?.properties !== undefined) return 'list of blocks';
  if (schema.type === 'array') {
    if (schema.items?.enum !== undefined) return `list, each one of ${schema.items.enum.join(', ')}`;
    return schema.items === undefined ? 'list' : `list of ${kind(schema.items)}s`;
  }
  return schema.type ?? 'value';
}

function defaultOf(schema: JsonSchema): string | null {
  if (schema.default === undefined || typeof schema.default === 'object') return null;
  return `default ${JSON.stringify(schema.default)}`;
}
