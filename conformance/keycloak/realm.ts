import type { Keycloak } from './keycloak.ts'

const realm = 'company'
export const password = 'a password of the identity provider'

export interface ServiceProvider {
  readonly entityId: string
  readonly acsUrl: string
  readonly logoutUrl: string
  /** The certificate in it is ours. */
  readonly metadata: string
}

/** A realm as an administrator would set it up: people, groups, and Muster as an application. */
export class Realm {
  readonly #keycloak: Keycloak

  constructor(keycloak: Keycloak) {
    this.#keycloak = keycloak
  }

  async create(): Promise<void> {
    await this.#keycloak.call('POST', '', {
      realm,
      enabled: true,
      sslRequired: 'none',
      groups: [{ name: 'science' }, { name: 'sales' }],
    })
  }

  async addPerson(username: string, groups: readonly string[] = []): Promise<string> {
    await this.#keycloak.call('POST', `/${realm}/users`, {
      username,
      email: `${username}@example.com`,
      firstName: 'First',
      lastName: username,
      enabled: true,
      emailVerified: true,
      credentials: [{ type: 'password', value: password, temporary: false }],
      groups,
    })
    return this.findPerson(username)
  }

  async findPerson(username: string): Promise<string> {
    const [person] = await this.#keycloak.call('GET', `/${realm}/users?username=${username}&exact=true`)
    return person.id
  }

  async setGroups(userId: string, wanted: readonly string[]): Promise<void> {
    for (const { id, name } of await this.#keycloak.call('GET', `/${realm}/groups`)) {
      const method = wanted.includes(name) ? 'PUT' : 'DELETE'
      await this.#keycloak.call(method, `/${realm}/users/${userId}/groups/${id}`)
    }
  }

  /** Muster as a client; encrypted assertions where asked for. */
  async addServiceProvider(sp: ServiceProvider, encrypts: boolean): Promise<void> {
    const certificate = /<(?:ds:)?X509Certificate>([^<]+)</.exec(sp.metadata)?.[1]?.replaceAll(/\s/g, '') ?? ''
    const attribute = (name: string, more: object) => ({ name, protocol: 'saml', ...more })
    await this.#keycloak.call('POST', `/${realm}/clients`, {
      clientId: sp.entityId,
      protocol: 'saml',
      enabled: true,
      frontchannelLogout: true,
      redirectUris: [sp.acsUrl, sp.logoutUrl],
      attributes: {
        'saml.assertion.signature': 'true',
        'saml.server.signature': 'true',
        'saml.client.signature': 'true',
        'saml.signing.certificate': certificate,
        'saml.signature.algorithm': 'RSA_SHA256',
        'saml.encrypt': String(encrypts),
        'saml.encryption.certificate': certificate,
        'saml.encryption.algorithm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
        'saml.encryption.keyAlgorithm': 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
        'saml.encryption.digestMethod': 'http://www.w3.org/2000/09/xmldsig#sha1',
        'saml.authnstatement': 'true',
        'saml.force.post.binding': 'true',
        saml_name_id_format: 'persistent',
        saml_force_name_id_format: 'true',
        saml_assertion_consumer_url_post: sp.acsUrl,
        saml_single_logout_service_url_redirect: sp.logoutUrl,
        saml_single_logout_service_url_post: sp.logoutUrl,
      },
      protocolMappers: [
        ...['email', 'firstName', 'lastName'].map((name) =>
          attribute(name, {
            protocolMapper: 'saml-user-property-mapper',
            config: { 'user.attribute': name, 'attribute.name': name, 'attribute.nameformat': 'Basic' },
          }),
        ),
        attribute('memberOf', {
          protocolMapper: 'saml-group-membership-mapper',
          config: {
            'attribute.name': 'memberOf',
            'attribute.nameformat': 'Basic',
            single: 'true',
            'full.path': 'false',
          },
        }),
      ],
    })
  }

  async setEncryption(sp: ServiceProvider, encrypts: boolean): Promise<void> {
    const [client] = await this.#keycloak.call('GET', `/${realm}/clients?clientId=${encodeURIComponent(sp.entityId)}`)
    client.attributes['saml.encrypt'] = String(encrypts)
    await this.#keycloak.call('PUT', `/${realm}/clients/${client.id}`, client)
  }

  /** What Muster is given: the keys of this moment are in it. */
  async metadata(): Promise<string> {
    return (await fetch(`${this.#keycloak.url}/realms/${realm}/protocol/saml/descriptor`)).text()
  }

  /** A new signing key that the realm uses from now on; the old one stays known. */
  async rollKey(): Promise<void> {
    const { id } = await this.#keycloak.call('GET', `/${realm}`)
    await this.#keycloak.call('POST', `/${realm}/components`, {
      name: 'rsa-next',
      providerId: 'rsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: id,
      config: { priority: ['200'], enabled: ['true'], active: ['true'], keySize: ['2048'], algorithm: ['RS256'] },
    })
  }

  /** Where a person signs out at the IdP itself. */
  get accountLogoutUrl(): string {
    return `${this.#keycloak.url}/realms/${realm}/protocol/openid-connect/logout`
  }
}
