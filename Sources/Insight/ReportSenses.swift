import Basics

/// What a figure is in one table, where that is not what it is in all others.
struct ReportSense: Sendable {
  /// How it is headed there; nil is as everywhere.
  var header: Bilingual?
  let meaning: Bilingual
  /// Words for people where this table has others than ``ReportWords``.
  var words: [String: Bilingual] = [:]

  /// Of the rides of the days asked and the cards denied on them, and of no moment of those.
  static let notPaidToday = ReportSense(
    header: Bilingual(uk: "Не сплачено на сьогодні", en: "Not paid today"),
    meaning: Bilingual(
      uk:
        "Що з поїздок цих днів не сплачено, коли складено звіт; а де залишок нижчий за нуль і картки потрапили до стоп-листа цими днями – скільки бракує до нуля.",
      en:
        "What of the rides of these days is not paid when the report is made; of a balance below nothing whose cards were denied on these days: what is missing to nothing."
    ))
}

/// The tables of the reconciliation, in which steps, remainders and the bank share figures.
extension ReportSense {
  /// What a desk takes of a window counts as taken: the steps of fare days are of both.
  private static let deskSteps = [
    "authorised": Bilingual(
      uk: "Дозволено банком або сплачено в касі", en: "Authorised or paid at a desk"),
    "captured": Bilingual(uk: "Стягнуто або сплачено в касі", en: "Captured or paid at a desk"),
    "settled": Bilingual(
      uk: "Розраховано еквайром або сплачено в касі", en: "Settled or paid at a desk"),
  ]

  static let ladder = [
    "step": ReportSense(
      meaning: Bilingual(uk: "Крок на шляху від валідації до банку.", en: "Step from tap to bank."),
      words: deskSteps)
  ]

  static let remainders = [
    "step": ReportSense(
      meaning: Bilingual(
        uk:
          "Останній крок, до якого дійшло: сума, у дня пасажира без його вікон списання, входить у залишок наступного кроку; оскаржене й повернене мають власний крок.",
        en:
          "The last step that it reached: its amount, of a rider's day less its windows, is in the remainder of the next one; what was charged back or refunded has a step of its own."
      ), words: deskSteps),
    "amount_minor": ReportSense(
      meaning: Bilingual(
        uk: "Скільки далі не пішло; у дня пасажира – скільки коштують його поїздки.",
        en: "What of it went no further; of a rider's day: what its rides come to.")),
  ]

  static let periodLadder = [
    "step": ReportSense(
      meaning: Bilingual(
        uk: "Крок від поїздки до банку, як його записано в книги за місяць.",
        en: "Step from ride to bank, as it was booked in the month."),
      words: [
        "settled": Bilingual(
          uk: "Розраховано еквайром, без повернутого", en: "Settled, less what went back")
      ]),
    "remainder_minor": ReportSense(
      meaning: Bilingual(
        uk:
          "Попередній крок без цього; в іншого за рахунком еквайра – що лишилося на рахунку, у виплаченого – розраховане без нього, тобто комісія без невстановленого, у невстановленого – комісія.",
        en:
          "The step before less this one; of what else is on the acquirer's account: what is left there; of what was paid: the settled less it, which is the fees less what is not known; of what is not known: the fees."
      )),
  ]

  static let bank = [
    "counted": ReportSense(
      meaning: Bilingual(uk: "Скільки рядків чи проводок.", en: "How many lines or postings.")),
    "amount_minor": ReportSense(
      meaning: Bilingual(uk: "На скільки їх, або сальдо.", en: "What they come to, or the balance.")
    ),
  ]

  static let bankRemainders = [
    "amount_minor": ReportSense(
      meaning: Bilingual(
        uk: "Сума рядка, проводки або залишку.", en: "Amount of the line, the entry or the balance."
      ))
  ]
}

extension ReportTableDefinition {
  /// A cell with the word that this table has for it.
  func cell(_ cell: ReportCell, of key: String) -> ReportCell {
    guard case .label(let word, _) = cell, let words = senses[key]?.words[word] else { return cell }
    return .label(word, words)
  }

  /// The column of a figure, as this table heads and explains it.
  func column(_ words: ReportFigureWords) -> ReportColumn {
    let sense = senses[words.key]
    return ReportColumn(
      words.key, sense?.header ?? words.header, words.kind,
      meaning: sense?.meaning ?? words.meaning)
  }
}
