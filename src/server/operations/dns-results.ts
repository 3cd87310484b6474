import { z } from 'zod';
import { areas, type DomainRecords, type DomainReportJson } from '#mail/dns-advice';

const area = z.enum(areas);

const finding = z.strictObject({
  area,
  level: z.enum(['ok', 'note', 'warning', 'error']),
  subject: z.string().describe('A name, an address, or a name with a record type.'),
  sentence: z.string(),
  fix: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('publish'), record: z.string() }).describe('A line for the zone.'),
      z.strictObject({ kind: z.literal('do'), text: z.string() }).describe('Something to do.'),
    ])
    .nullable(),
});

/** Schema of the records that DNS should hold for a domain. */
export const domainRecords = z.strictObject({
  domain: z.string(),
  records: z
    .array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        value: z.string(),
        why: z.string(),
        importance: z
          .enum(['must', 'should', 'may', 'later'])
          .describe('later: leads to something that the server does not offer yet, and is not to be published before.'),
        area,
        zone: z.string().describe('The line of a zone file.'),
      }),
    )
    .readonly(),
  reverse: z
    .array(z.strictObject({ ip: z.string(), name: z.string() }))
    .readonly()
    .describe('Names that the providers of the addresses that mail goes out from are to give them.'),
  stsPolicy: z.array(z.string()).readonly().describe('Lines of the MTA-STS policy file.'),
  remarks: z.array(finding).readonly().describe('Unknown or assumed facts.'),
  zone: z.string().describe('All of it as a fragment of a zone file.'),
}) satisfies z.ZodType<DomainRecords>;

/** Schema of the comparison of DNS with what it should hold. */
export const domainReport = z.strictObject({
  domain: z.string(),
  ok: z.boolean().describe('True when there is no error; warnings and notes do not count.'),
  verdict: z.string().describe('A sentence that sums it up.'),
  counts: z.strictObject({ ok: z.number(), note: z.number(), warning: z.number(), error: z.number() }),
  findings: z.array(finding).readonly().describe('Worst first. Text of DNS in it is as it came.'),
}) satisfies z.ZodType<DomainReportJson>;
