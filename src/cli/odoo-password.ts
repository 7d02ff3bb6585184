/** The variable that holds the password of a connection's Odoo user, where no file is named. */
export const PASSWORD_VARIABLE = 'TANDEM_ODOO_PASSWORD'
