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

/// Figures that count something narrower, or wider, than their name says in other reports.
extension ReportSense {
  /// The books of operators alone: what is owed to nobody that is known stands on another account.
  private static let owedToOperators = ReportSense(
    meaning: Bilingual(
      uk: "Що книги винні перевізнику за ці поїздки (2100).",
      en: "What the books owe the operator for the rides (2100)."))

  static let operatorBooks = [
    "booked_minor": owedToOperators,
    "paid_out_minor": ReportSense(
      meaning: Bilingual(
        uk:
          "Надіслані банку платіжні доручення, останній день яких серед цих; вони й за попередні дні.",
        en:
          "Payment orders given to the bank whose last day is one of these; they are for earlier days too."
      )),
  ]

  static let periodOperatorBooks = [
    "booked_minor": owedToOperators,
    "paid_out_minor": ReportSense(
      meaning: Bilingual(
        uk:
          "Виплати, записані в книги за ці дні, без тих, що повернулися; за які б поїздки вони не були.",
        en:
          "Payouts that were booked on the days, less those that came back, whatever rides they are for."
      )),
  ]

  static let lateRides = [
    "rides": ReportSense(
      header: Bilingual(uk: "Запізнілих", en: "Late rides"),
      meaning: Bilingual(
        uk:
          "Поїздки, додані після закриття доби, без скасованих тоді; скасованих може бути більше.",
        en:
          "Rides that were added when the day was closed, less those taken back then, which may be more."
      )
    ),
    "charged_minor": ReportSense(
      meaning: Bilingual(
        uk: "На скільки це змінило суму, яку винні пасажири; нижче за нуль – винні менше.",
        en: "By how much it changed what riders owe; below zero they owe less.")),
  ]

  static let lateDevices = [
    "taps": ReportSense(
      header: Bilingual(uk: "Запізнілих", en: "Late taps"),
      meaning: Bilingual(
        uk: "Валідації цієї доби, що надійшли, коли вона минула понад день тому (за UTC).",
        en: "Taps of the day that came when it was over for a day (by UTC)."))
  ]

  static let debtWindows = [
    "amount_minor": ReportSense(
      meaning: Bilingual(uk: "На скільки закрито вікно.", en: "What the window was closed over.")),
    "captured_minor": ReportSense(
      header: Bilingual(uk: "Стягнуто або сплачено в касі", en: "Captured or paid at a desk"),
      meaning: Bilingual(
        uk: "Стягнуто з картки або сплачено в касі чи переказом до кінця останнього дня.",
        en: "Taken from the card, or paid at a desk or by transfer, when the last day ended.")),
    "due_minor": ReportSense(
      meaning: Bilingual(
        uk:
          "Не сплачено на кінець останнього дня: сума без стягнутого, списаного й того, що зарахували вікна різниці.",
        en:
          "What was not paid when the last day ended: the amount less what was captured, written off, or set off by difference windows."
      )),
  ]

  static let subsidyClaims = [
    "rides": ReportSense(
      meaning: Bilingual(
        uk: "Заявлені поїздки без тих, що заявка забирає назад.",
        en: "Rides that are claimed, less those that the claim takes back."))
  ]

  static let refunds = [
    "refund_minor": ReportSense(
      header: Bilingual(uk: "Сума повернення", en: "Amount of the refund"),
      meaning: Bilingual(
        uk:
          "На скільки повернення, також очікуване, відхилене чи невдале: що з ним стало, каже стан.",
        en:
          "What the refund is of, also one that waits, was refused or failed: the state says what came of it."
      ))
  ]

  static let chargebacks = [
    "fare_day": ReportSense(
      meaning: Bilingual(
        uk: "Тарифна доба поїздок; для поповнення чи продажу – його день.",
        en: "The fare day of the rides; of a top-up or a sale its day.")),
    "disputed_minor": ReportSense(
      meaning: Bilingual(
        uk: "Сума спору, чим би він не скінчився: що з ним стало, каже етап.",
        en: "What the dispute is of, however it ended: the stage says what came of it.")),
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
