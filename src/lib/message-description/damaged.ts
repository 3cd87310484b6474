/** A stored description that cannot be read: it was damaged after it was written. */
export class DescriptionDamaged extends Error {
  override readonly name = 'DescriptionDamaged';
}
