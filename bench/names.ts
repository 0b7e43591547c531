import { oneOf, type Random } from './random.ts'

/** Common names in free combination; whoever comes out of it is invented, and every address ends in example.com. */
const firstNames = (
  'Ada Agnes Aisha Alba Alexei Amara Amir Ana Anders Anika Aria Arjun Astrid Ayo Bela Benedikt Birgit Bruno Camila Carlos Chiara Chloé Clara ' +
  'Dalia Daniel Dario Diego Dmitri Elena Elif Emeka Emil Erik Esra Fatima Felix Fiona Freya Gabriel Greta Hana Haruto Helena Hugo Ibrahim Ida ' +
  'Ilse Imani Ingrid Isabel Ivan Jakub Jana Jonas José Julia Kaito Karim Kenji Lara Leila Leon Lina Lucía Luka Maja Malik Marta Mateo Mei Mika ' +
  'Milan Mira Nadia Naoki Nia Nikola Noor Nora Olga Omar Oskar Paula Petra Priya Rafael Rania Ravi Rosa Sami Sanna Selma Sofia Stefan Søren Tara ' +
  'Tariq Theo Tomás Uma Vera Viktor Wanda Yara Yuki Yusuf Zara Zoë'
).split(' ')

const lastNames = (
  'Abbas Adeyemi Almeida Andersen Baker Banerjee Barros Becker Bianchi Brandt Carter Castro Chen Cooper Costa Dahl Das Diaz Dubois Eriksen ' +
  'Farouk Fernandes Fischer Fontaine Garcia Georgiou Gupta Haddad Hansen Hayashi Hoffmann Horvat Hughes Ito Ivanov Jansen Jensen Kaya Keller Khan ' +
  'Kim Kowalski Kumar Larsen Lefèvre Lindqvist Lopes Marino Martins Meyer Molina Moreau Müller Nakamura Nielsen Novak Nowak Okafor Okoye Olsen ' +
  'Ortega Park Patel Pereira Petrov Popescu Quinn Rahman Reyes Ricci Rossi Santos Sato Schmidt Silva Singh Sørensen Suzuki Svensson Takahashi Tanaka ' +
  'Torres Tran Turner Vargas Virtanen Visser Vogel Walker Wang Weber Wright Yamada Yilmaz Zhang Ziegler'
).split(' ')

const departments =
  'analytics claims compliance finance fraud hr it legal logistics marketing operations platform pricing procurement research sales security support treasury web'.split(
    ' ',
  )
const circles =
  'analysts approvers builders engineers guests leads owners partners readers reviewers stewards writers'.split(' ')
const titles = [
  'Analytics Engineer',
  'Business Analyst',
  'Data Engineer',
  'Data Steward',
  'Engineering Manager',
  'Product Manager',
  'Support Lead',
]

export interface PersonName {
  readonly first: string
  readonly last: string
  /** Sign-in name and local part of the address; the number keeps it unique. */
  readonly login: string
}

export function personName(random: Random, number: number): PersonName {
  const first = oneOf(random, firstNames)
  const last = oneOf(random, lastNames)
  return { first, last, login: `${plain(first)}.${plain(last)}.${number}` }
}

export function jobTitle(random: Random): string {
  return oneOf(random, titles)
}

/** Distinct for distinct numbers. */
export function groupAlias(random: Random, number: number): string {
  return `${capital(oneOf(random, departments))} ${oneOf(random, circles)} ${number}`
}

export function setName(random: Random, kind: 'persona' | 'purpose', number: number): string {
  const department = capital(oneOf(random, departments))
  return kind === 'persona'
    ? `${department} ${oneOf(random, circles)} view ${number}`
    : `${department} reporting ${number}`
}

function plain(name: string): string {
  return name.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ø', 'o').toLowerCase()
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
