import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { childrenOf, onlyChild, saml, textOf } from '../xml.ts'

/** SAML-13: made for this tenant. Several restrictions would all have to hold: one is expected. */
export function checkAudience(assertion: Element, spEntityId: string): void {
  const conditions = onlyChild(assertion, saml, 'Conditions', 'SAML-13')
  const restriction = onlyChild(conditions, saml, 'AudienceRestriction', 'SAML-13')
  const audiences = childrenOf(restriction, saml, 'Audience').map(textOf)
  require(audiences.filter((audience) => audience === spEntityId).length === 1, 'SAML-13: another audience')
}
