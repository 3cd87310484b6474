import { invalidArgument, type Arguments } from '#lib/jmap';
import { defaultBodyProperties, isBodyProperty, type EmailArguments } from './email-object.ts';

/** Reads the arguments that say what Email objects have (RFC 8621 §4.2, §4.9). @param properties  Those of the email. @throws MethodError invalidArguments. */
export function emailArgumentsOf(args: Arguments, properties: readonly string[]): EmailArguments {
  const bodyProperties = args.texts('bodyProperties', null) ?? defaultBodyProperties;
  const unknown = bodyProperties.find((name) => !isBodyProperty(name));
  if (unknown !== undefined) throw invalidArgument('bodyProperties', `there is no property ${unknown.slice(0, 100)}`);
  return {
    properties,
    bodyProperties,
    fetchTextBodyValues: args.boolean('fetchTextBodyValues', false),
    fetchHTMLBodyValues: args.boolean('fetchHTMLBodyValues', false),
    fetchAllBodyValues: args.boolean('fetchAllBodyValues', false),
    maxBodyValueBytes: args.unsigned('maxBodyValueBytes', 0),
  };
}
