/** Addresses as attackers and people type them; the tests of text, invitations and mail share them. */

/** As typed → as stored and written to. Security contract, V-I10. */
export const canonicalForms: readonly (readonly [string, string])[] = [
  ['user01@example.com', 'user01@example.com'],
  ['User.Name+tag@Example.COM', 'User.Name+tag@example.com'],
  ['  user01@example.com ', 'user01@example.com'],
  ['\u00a0user01@example.com', 'user01@example.com'],
  ["o'brien!#$%&*/=?^_`{|}~-@example.com", "o'brien!#$%&*/=?^_`{|}~-@example.com"],
  ['user\uff20example.com', 'user@example.com'],
  ['\uff55\uff53\uff45\uff52@example.com', 'user@example.com'],
  ['\ufb01rst@example.com', 'first@example.com'],
  ['\u212aelvin@example.com', 'Kelvin@example.com'],
  ['user@例え.jp', 'user@xn--r8jz45g.jp'],
  ['user@BÜCHER.example', 'user@xn--bcher-kva.example'],
  ['user@xn--bcher-kva.example', 'user@xn--bcher-kva.example'],
  ['user@example。com', 'user@example.com'],
  ['admin@localhost', 'admin@localhost'],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  [`user@${'b'.repeat(63)}.com`, `user@${'b'.repeat(63)}.com`],
  [`user@${'c.'.repeat(123)}com`, `user@${'c.'.repeat(123)}com`],
]

/** Why, and a text that is no address: 200 of them. Security contract, V-I9. */
export function refusedAddresses(): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ['empty', ''],
    ['no at', 'user'],
    ['no local part', '@example.com'],
    ['no domain', 'user@'],
    ['two ats', 'user@evil.example@example.com'],
    ['quoted', '"user"@example.com'],
    ['quoted at', '"user@evil.example"@example.com'],
    ['quoted blank', '"a b"@example.com'],
    ['comment', 'user(comment)@example.com'],
    ['comment in the domain', 'user@example.com(comment)'],
    ['display name', 'User <user@example.com>'],
    ['angle brackets', '<user@example.com>'],
    ['group', 'group:user@example.com;'],
    ['list', 'user@example.com,evil@evil.example'],
    ['list with semicolon', 'user@example.com;evil@evil.example'],
    ['list with blank', 'user@example.com evil@evil.example'],
    ['source route', '@evil.example:user@example.com'],
    ['address literal', 'user@[127.0.0.1]'],
    ['IPv6 literal', 'user@[IPv6:::1]'],
    ['dotted quad', 'user@127.0.0.1'],
    ['hexadecimal host', 'user@0x7f.1'],
    ['octal host', 'user@0177.0.0.1'],
    ['number as host', 'user@2130706433'],
    ['port', 'user@example.com:25'],
    ['path', 'user@example.com/evil'],
    ['query', 'user@example.com?evil'],
    ['fragment', 'user@example.com#evil'],
    ['backslash', 'user@example.com\\evil'],
    ['percent-encoding', 'user@ex%61mple.com'],
    ['percent-encoded NUL', 'user@example.com%00'],
    ['full-width slash', 'user@example.com\uff0fevil'],
    ['full-width percent', 'user@example.com\uff0541'],
    ['dot at the end of the local part', 'user.@example.com'],
    ['dot at its beginning', '.user@example.com'],
    ['two dots', 'us..er@example.com'],
    ['dot at the end of the domain', 'user@example.com.'],
    ['empty label', 'user@example..com'],
    ['label with hyphen first', 'user@-example.com'],
    ['label with hyphen last', 'user@example-.com'],
    ['underscore in the domain', 'user@exa_mple.com'],
    ['one label', 'user@com'],
    ['local part of 65', `${'a'.repeat(65)}@example.com`],
    ['label of 64', `user@${'b'.repeat(64)}.com`],
    ['255 characters', `user@${'c.'.repeat(123)}comm`.padEnd(255, 'm')],
    ['10 KiB', `${'a'.repeat(10_240)}@example.com`],
    ['umlaut in the local part', 'üser@example.com'],
    ['lone surrogate', 'user\ud800@example.com'],
    ['lone surrogate in the domain', 'user@exam\udc00ple.com'],
    ['accent in the local part', 'us\u0301er@example.com'],
    ['emoji in the local part', 'us\u{1f600}er@example.com'],
    ['full-width comma', 'user@example.com\uff0cevil@evil.example'],
    ['right-to-left mark in the local part', 'us\u202eer@example.com'],
  ]
  for (let code = 0; code <= 0x20; code += 1) {
    const character = String.fromCharCode(code)
    if (code !== 0x20)
      rows.push(
        [`U+${code} before`, `${character}user@example.com`],
        [`U+${code} after`, `user@example.com${character}`],
      )
    rows.push(
      [`U+${code} in the local part`, `us${character}er@example.com`],
      [`U+${code} in the domain`, `user@exam${character}ple.com`],
    )
  }
  for (const character of '()<>[]:;,\\"') rows.push([`${character} in the local part`, `us${character}er@example.com`])
  for (const injection of [
    '\r\nBcc: evil@evil.example',
    '\r\nRCPT TO:<evil@evil.example>',
    '\n.\r\nQUIT',
    '> SIZE=1',
  ]) {
    rows.push(
      ['SMTP injection at the end', `user@example.com${injection}`],
      ['SMTP injection inside', `user${injection}@example.com`],
    )
  }
  return rows
}
