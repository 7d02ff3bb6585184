/** Names that stand for the same thing. The first of each group is Odoo's own, if it has one. */
const GROUPS: readonly (readonly string[])[] = [
  ['name', 'fullname', 'customername', 'companyname', 'displayname', 'title', 'label', 'productname', 'contactname'],
  ['email', 'mail', 'emailaddress'],
  ['phone', 'telephone', 'tel', 'phonenumber', 'telefon'],
  ['mobile', 'cell', 'cellphone', 'mobilephone', 'mobilenumber'],
  ['street', 'address', 'address1', 'street1', 'addressline1', 'streetaddress'],
  ['street2', 'address2', 'addressline2'],
  ['zip', 'postalcode', 'postcode', 'zipcode', 'plz'],
  ['city', 'town', 'locality'],
  ['country', 'countrycode', 'countryiso'],
  ['state', 'province', 'region'],
  ['vat', 'taxid', 'vatnumber', 'vatid', 'taxnumber'],
  ['ref', 'code', 'customercode', 'customernumber', 'customerno', 'externalref', 'reference', 'number', 'externalid'],
  ['defaultcode', 'sku', 'code', 'articlenumber', 'productcode', 'itemnumber', 'internalreference', 'reference'],
  ['listprice', 'price', 'salesprice', 'unitprice', 'saleprice'],
  ['standardprice', 'cost', 'costprice', 'purchaseprice'],
  ['barcode', 'ean', 'gtin', 'upc', 'ean13'],
  ['descriptionsale', 'description', 'productdescription', 'longdescription'],
  ['comment', 'notes', 'note', 'remarks', 'comments', 'memo'],
  ['website', 'url', 'homepage', 'web'],
  ['lang', 'language', 'locale'],
  ['currency', 'currencycode'],
  ['function', 'jobtitle', 'position', 'job'],
  ['weight', 'weightkg', 'grossweight'],
  ['dateorder', 'orderdate', 'orderedat'],
  ['invoicedate', 'date', 'issuedat'],
  ['amounttotal', 'total', 'totalamount', 'grandtotal'],
]

/** "x_studio_Full Name" as "fullname": what is left when spelling does not count. */
export function plainName(name: string): string {
  return name
    .replace(/^x_(?:studio_)?/, '')
    .replace(/_id$/, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}

/** From 0 to 1: how much two names look like the same thing. */
export function nameLikeness(a: string, b: string): number {
  const [left, right] = [plainName(a), plainName(b)]
  if (left === right) return 1
  if (GROUPS.some((group) => group.includes(left) && group.includes(right))) return 0.85
  const [words, others] = [wordsOf(a), wordsOf(b)]
  const shared = words.filter((word) => others.includes(word)).length
  if (shared === 0) return 0
  return (0.6 * shared) / Math.max(words.length, others.length)
}

function wordsOf(name: string): readonly string[] {
  return name
    .replace(/^x_(?:studio_)?/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && word !== 'id')
}
