import * as clack from '@clack/prompts'
import { SyncError } from '../../contract/error.ts'

export interface Choice {
  readonly value: string
  readonly label: string
  readonly hint?: string
}

/** Whoever answers the questions of `init`. @throws SyncError `config` when the person has had enough. */
export interface Asker {
  text(question: Question & { readonly initial?: string; readonly isOptional?: boolean }): Promise<string>
  secret(question: Question): Promise<string>
  choose(question: Question & { readonly choices: readonly Choice[]; readonly initial?: string }): Promise<string>
  chooseMany(
    question: Question & { readonly choices: readonly Choice[]; readonly initial: readonly string[] },
  ): Promise<readonly string[]>
  /** Shows that something is going on; `done` says what came of it. */
  working<T>(message: string, work: () => Promise<T>, done: (result: T) => string): Promise<T>
  say(text: string): void
}

export interface Question {
  readonly message: string
  /** The option that answers it without a question. */
  readonly flag: string
}

/** More choices than this are searched by typing. */
const LONG_LIST = 12

/** Asks the person at the terminal. */
export function terminalAsker(): Asker {
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (!clack.isCancel(answer)) return answer as Exclude<T, symbol>
    throw new SyncError('config', 'Stopped; nothing was written.')
  }
  return {
    async text({ message, initial = '', isOptional = false }) {
      const validate = (value: string | undefined) =>
        isOptional || (value ?? '').trim() !== '' || initial !== '' ? undefined : 'Something has to be here.'
      const options = initial === '' ? {} : { placeholder: initial, defaultValue: initial }
      return answered(await clack.text({ message, validate, ...options }))?.trim() ?? initial
    },
    async secret({ message }) {
      const validate = (value: string | undefined) => ((value ?? '') === '' ? 'Something has to be here.' : undefined)
      return answered(await clack.password({ message, validate }))
    },
    async choose({ message, choices, initial }) {
      const options = choices.map((each) => ({ ...each }))
      const start = initial === undefined ? {} : { initialValue: initial }
      if (choices.length <= LONG_LIST) return answered(await clack.select({ message, options, ...start }))
      return answered(await clack.autocomplete({ message, options, maxItems: LONG_LIST, ...start }))
    },
    async chooseMany({ message, choices, initial }) {
      const options = choices.map((each) => ({ ...each }))
      return answered(await clack.multiselect({ message, options, initialValues: [...initial], required: false }))
    },
    async working(message, work, done) {
      const spinner = clack.spinner()
      spinner.start(message)
      try {
        const result = await work()
        spinner.stop(done(result))
        return result
      } catch (error) {
        spinner.error(message)
        throw error
      }
    },
    say: (text) => clack.log.message(text),
  }
}

/** Answers nothing: what no option says is either a default or an error. */
export function silentAsker(note: (line: string) => void): Asker {
  const refuse = ({ flag, message }: Question): never => {
    throw new SyncError('config', `Say it with ${flag}: ${message}`, {
      hint: 'On a terminal and without --yes, tandem init asks for what is not given.',
    })
  }
  return {
    text: async ({ initial, isOptional, ...question }) => initial ?? (isOptional ? '' : refuse(question)),
    secret: async (question) => refuse(question),
    choose: async ({ initial, ...question }) => initial ?? refuse(question),
    chooseMany: async ({ initial }) => initial,
    async working(_, work, done) {
      const result = await work()
      note(done(result))
      return result
    },
    say: note,
  }
}
