/** Where IdPs find us, all of it from configuration. */
export interface SpAddresses {
  /** Of the tenant: audience of every assertion. */
  readonly entityId: string
  readonly acsUrl: string
  readonly logoutUrl: string
  readonly metadataUrl: string
}

export function spAddresses(baseUrl: string, alias: string): SpAddresses {
  const connection = `${baseUrl}/auth/saml/${alias}`
  return {
    entityId: `${baseUrl}/auth/saml/metadata`,
    acsUrl: `${connection}/acs`,
    logoutUrl: `${connection}/logout`,
    metadataUrl: `${connection}/metadata`,
  }
}
