/** Where the demo's customers live, and what people and companies are called there. All of it is made up. */
export interface Place {
  readonly country: string
  /** What a telephone number begins with; 555 01xx follows, which belongs to nobody. */
  readonly dial: string
  readonly zip: string
  readonly city: string
  readonly streets: readonly string[]
  readonly given: readonly string[]
  readonly family: readonly string[]
  /** What is added to a family's name to make a company's. */
  readonly trades: readonly string[]
}

const words = (list: string): readonly string[] => list.split(', ')

function place(
  [country, dial, zip, city]: readonly [string, string, string, string],
  streets: string,
  given: string,
  family: string,
  trades: string,
): Place {
  return {
    country,
    dial,
    zip,
    city,
    streets: words(streets),
    given: words(given),
    family: words(family),
    trades: words(trades),
  }
}

export const PLACES: readonly Place[] = [
  place(
    ['BE', '+32 2', '1000', 'Brussels'],
    'Zavelstraat, Rue Haute, Vlaamsesteenweg',
    'Lotte, Wout, Élise, Noor',
    'Peeters, Janssens, Dubois, Claes',
    '& Zonen, Logistics, Bouw',
  ),
  place(
    ['DE', '+49 30', '10115', 'Berlin'],
    'Invalidenstraße, Gartenstraße, Ackerstraße',
    'Jürgen, Käthe, Leon, Mia',
    'Müller, Schäfer, Weiß, Krüger',
    'GmbH, Maschinenbau, Möbel',
  ),
  place(
    ['FR', '+33 1', '75011', 'Paris'],
    'Rue Oberkampf, Avenue Parmentier, Passage Lhomme',
    'Chloé, Amélie, Benoît, Zoé',
    'Lefèvre, Moreau, Garçon, Petit',
    'et Fils, Boulangerie, Conseil',
  ),
  place(
    ['NL', '+31 20', '1012 AB', 'Amsterdam'],
    'Prinsengracht, Damrak, Spuistraat',
    'Sanne, Daan, Fleur, Bram',
    'de Vries, van Dijk, Bakker, Visser',
    'Fietsen, Bloemen, B.V.',
  ),
  place(
    ['ES', '+34 91', '28013', 'Madrid'],
    'Calle Mayor, Gran Vía, Calle del Pez',
    'Lucía, Íñigo, María, Álvaro',
    'Muñoz, García, Núñez, Ibáñez',
    'Hermanos, Textil, S.L.',
  ),
  place(
    ['IT', '+39 06', '00184', 'Rome'],
    'Via Cavour, Via Panisperna, Via dei Serpenti',
    'Giulia, Niccolò, Chiara, Marco',
    'Rossi, Esposito, Ricci, Greco',
    'e Figli, Ceramiche, Caffè',
  ),
  place(
    ['PL', '+48 22', '00-001', 'Warsaw'],
    'Złota, Chmielna, Krucza',
    'Łucja, Paweł, Zofia, Michał',
    'Wiśniewski, Kowalczyk, Zając, Wójcik',
    'Sp. z o.o., Meble, Transport',
  ),
  place(
    ['SE', '+46 8', '111 22', 'Stockholm'],
    'Drottninggatan, Vasagatan, Götgatan',
    'Åsa, Björn, Linnéa, Oskar',
    'Lindström, Sjöberg, Åkesson, Nyström',
    'AB, Trävaror, Design',
  ),
  place(
    ['IN', '+91 22', '400001', 'Mumbai'],
    'Hill Road, Marine Drive, Linking Road',
    'Priya, Arjun, Ananya, Rohan',
    'Sharma, Patel, Iyer, Kulkarni',
    'Textiles, Exports, & Sons',
  ),
  place(
    ['JP', '+81 3', '150-0001', 'Tokyo'],
    'Meiji-dori, Aoyama-dori, Omotesando',
    'Haruka, Ren, Yui, 健太',
    'Tanaka, Sato, Suzuki, 山本',
    'Shoten, Denki, Foods',
  ),
  place(
    ['BR', '+55 11', '01310-100', 'São Paulo'],
    'Avenida Paulista, Rua Augusta, Rua Oscar Freire',
    'João, Beatriz, Luís, Conceição',
    'Araújo, Gonçalves, Simões, Lima',
    '& Cia, Café, Móveis',
  ),
  place(
    ['US', '+1 212', '10013', 'New York'],
    'Canal Street, Lafayette Street, Broome Street',
    'Olivia, Marcus, Grace, Ethan',
    "O'Brien, Nguyen, Washington, Cohen",
    'Supply, Hardware, & Partners',
  ),
]

export const JOBS: readonly string[] = ['Buyer', 'Accountant', 'Owner', 'Warehouse', 'Sales', 'Engineer', 'Assistant']
export const NOTES: readonly string[] = [
  'Delivers to the back door',
  'Prefers e-mail',
  'Ask for <b>Friday</b> delivery',
  'Pays at the end of the month',
  'Needs a printed invoice',
]
