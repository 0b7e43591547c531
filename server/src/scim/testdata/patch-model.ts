import fc from 'fast-check'

/** A user as the model has them: plain JSON, changed in place. */
export interface Model {
  title?: string
  nickName?: string
  name?: { givenName?: string; familyName?: string }
  phoneNumbers?: Phone[]
  [enterprise]?: { department?: string }
}

interface Phone {
  value?: string
  type?: string
  display?: string
  primary?: boolean
}

export interface Step {
  readonly operation: object
  /** What the operation means, said once more. */
  readonly apply: (model: Model) => void
}

export const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

type SetText = (model: Model, value: string | undefined) => void

const texts: Readonly<Record<string, SetText>> = {
  title: (model, value) => put(model, 'title', value),
  NICKNAME: (model, value) => put(model, 'nickName', value),
  'name.givenName': (model, value) => put((model.name ??= {}), 'givenName', value),
  'name.familyName': (model, value) => put((model.name ??= {}), 'familyName', value),
  [`${enterprise}:department`]: (model, value) => put((model[enterprise] ??= {}), 'department', value),
}

function put<T extends object>(object: T, name: keyof T & string, value: string | undefined): void {
  if (value === undefined) delete object[name]
  else Object.assign(object, { [name]: value })
}

const text = fc.constantFrom('x', 'y', 'Zoë')
const nothing = fc.constantFrom(null, '')
const writes = fc.constantFrom('add', 'Replace')

const textStep: fc.Arbitrary<Step> = fc
  .tuple(
    fc.constantFrom(...Object.entries(texts)),
    fc.constantFrom('add', 'replace', 'remove'),
    fc.oneof(text, nothing),
  )
  .map(([[path, set], op, value]) => ({
    operation: { op, path, ...(op === 'remove' ? {} : { value }) },
    apply: (model) => {
      const isNothing = value === null || value === ''
      if (op === 'remove' || (op === 'replace' && isNothing)) set(model, undefined)
      else if (!isNothing) set(model, value)
    },
  }))

const names = fc.record({ givenName: text, familyName: text }, { requiredKeys: ['givenName'] })

const nameStep: fc.Arbitrary<Step> = fc.tuple(writes, names).map(([op, value]) => ({
  operation: { op, path: 'name', value },
  apply: (model) => {
    model.name = { ...model.name, ...value }
  },
}))

const types = fc.constantFrom('work', 'home')
const values = fc.constantFrom('1', '2', '3')
const phone = fc.record(
  { value: values, type: types, display: text, primary: fc.boolean() },
  { requiredKeys: ['value', 'type'] },
)
const phones = fc.array(phone, { minLength: 1, maxLength: 3 })

const listStep: fc.Arbitrary<Step> = fc.tuple(writes, phones).map(([op, value]) => ({
  operation: { op, path: 'phoneNumbers', value },
  apply: (model) => addPhones(model, value, op === 'Replace'),
}))

const emptyStep: fc.Arbitrary<Step> = fc.constantFrom(
  { operation: { op: 'remove', path: 'phoneNumbers' }, apply: clear },
  { operation: { op: 'replace', path: 'phoneNumbers', value: [] }, apply: clear },
  { operation: { op: 'replace', path: 'phoneNumbers', value: null }, apply: clear },
  { operation: { op: 'add', path: 'phoneNumbers', value: [] }, apply: () => {} },
)

function clear(model: Model): void {
  delete model.phoneNumbers
}

function addPhones(model: Model, added: readonly Phone[], replaces: boolean): void {
  const sent = tidy(added)
  const list: Phone[] = replaces ? [] : structuredClone(model.phoneNumbers ?? [])
  if (!replaces && sent.some(({ primary }) => primary)) for (const one of list) delete one.primary
  for (const one of sent) {
    // What is there already learns what is new.
    const twin = list.find(({ value, type }) => value === one.value && type === one.type)
    if (twin === undefined) list.push({ ...one })
    else Object.assign(twin, one)
  }
  model.phoneNumbers = tidy(list)
}

/** One of each, and one primary: the first. */
function tidy(list: readonly Phone[]): Phone[] {
  const seen = new Set<string>()
  let hasPrimary = false
  return list.flatMap((one) => {
    const key = JSON.stringify([one.type, one.value ?? one])
    if (seen.has(key)) return []
    seen.add(key)
    if (one.primary !== true) return [one]
    const { primary: _second, ...rest } = one
    const kept = hasPrimary ? rest : one
    hasPrimary = true
    return [kept]
  })
}

const removeWhere: fc.Arbitrary<Step> = fc.oneof(
  types.map((type) => ({
    operation: { op: 'remove', path: `phoneNumbers[type eq "${type}"]` },
    apply: keeping((one) => one.type !== type),
  })),
  fc.tuple(types, values).map(([type, value]) => ({
    operation: { op: 'remove', path: `phoneNumbers[type ne "${type}" or value eq "${value}"]` },
    apply: keeping((one) => one.type === type && one.value !== value),
  })),
  values.map((value) => ({
    operation: { op: 'Remove', path: 'phoneNumbers', value: [{ value }] },
    apply: keeping((one) => one.value !== value),
  })),
)

function keeping(keep: (one: Phone) => boolean): Step['apply'] {
  return (model) => {
    model.phoneNumbers = (model.phoneNumbers ?? []).filter(keep)
  }
}

const partStep: fc.Arbitrary<Step> = fc
  .tuple(writes, types, fc.constantFrom('value' as const, 'display' as const), values)
  .map(([op, type, sub, value]) => ({
    operation: { op, path: `phoneNumbers[type eq "${type}"].${sub}`, value },
    apply: (model) => {
      const list = structuredClone(model.phoneNumbers ?? [])
      const matching = list.filter((one) => one.type === type)
      if (matching.length === 0) list.push({ type, [sub]: value })
      for (const one of matching) one[sub] = value
      model.phoneNumbers = tidy(list)
    },
  }))

const primaryStep: fc.Arbitrary<Step> = types.map((type) => ({
  operation: { op: 'replace', path: `phoneNumbers[type eq "${type}"].primary`, value: true },
  apply: (model) => {
    const list = structuredClone(model.phoneNumbers ?? [])
    for (const one of list) delete one.primary
    const matching = list.filter((one) => one.type === type)
    if (matching.length === 0) list.push({ type, primary: true })
    for (const one of matching) one.primary = true
    model.phoneNumbers = tidy(list)
  },
}))

const removePart: fc.Arbitrary<Step> = types.map((type) => ({
  operation: { op: 'remove', path: `phoneNumbers[type eq "${type}"].display` },
  apply: (model) => {
    model.phoneNumbers = structuredClone(model.phoneNumbers ?? []).filter((one) => {
      if (one.type === type) delete one.display
      return Object.keys(one).length > 0
    })
  },
}))

const wholeStep: fc.Arbitrary<Step> = fc.tuple(writes, text, names, phones).map(([op, title, name, phoneNumbers]) => ({
  operation: { op, value: { title, name, 'name.familyName': 'F', phoneNumbers, shoeSize: 43 } },
  apply: (model) => {
    model.title = title
    model.name = { ...model.name, ...name, familyName: 'F' }
    addPhones(model, phoneNumbers, op === 'Replace')
  },
}))

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  textStep,
  textStep,
  nameStep,
  listStep,
  listStep,
  emptyStep,
  removeWhere,
  partStep,
  primaryStep,
  removePart,
  wholeStep,
)

/** Nothing that is empty is there. */
export function settled(model: Model): object {
  const full = Object.entries(model).filter(([, value]) => typeof value !== 'object' || Object.keys(value).length > 0)
  return JSON.parse(JSON.stringify(Object.fromEntries(full)))
}
