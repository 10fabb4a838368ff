package import Basics
import Store

/// A report by its name.
package enum ReportName: String, Sendable, CaseIterable {
  case daily, operators, reconciliation
  case lateTaps = "late-taps"
  case debts, subsidy, refunds
  case revenueWithoutCaps = "revenue-without-caps"
  case devices

  /// What the report is called.
  package var title: Bilingual {
    switch self {
    case .daily: Bilingual(uk: "Звіт за день", en: "Daily report")
    case .operators: Bilingual(uk: "Звіт за перевізниками", en: "Operators' report")
    case .reconciliation: Bilingual(uk: "Звірка", en: "Reconciliation")
    case .lateTaps: Bilingual(uk: "Запізнілі валідації", en: "Late taps")
    case .debts: Bilingual(uk: "Борги", en: "Debts")
    case .subsidy: Bilingual(uk: "Компенсація пільг", en: "Concession subsidy")
    case .refunds: Bilingual(uk: "Повернення", en: "Refunds")
    case .revenueWithoutCaps:
      Bilingual(uk: "Виручка без граничних сум", en: "Revenue without caps")
    case .devices: Bilingual(uk: "Валідатори", en: "Validators")
    }
  }

  /// What the report answers, in a line.
  package var about: Bilingual {
    switch self {
    case .daily:
      Bilingual(
        uk: "поїздки й виручка за перевізниками, видами й категоріями",
        en: "rides and revenue by operator and mode, and by category")
    case .operators:
      Bilingual(
        uk: "поїздки, виручка й борг книг за перевізниками й днями",
        en: "rides, revenue and what the books owe, by operator and day")
    case .reconciliation:
      Bilingual(
        uk: "від валідації до банку: кожен крок і кожен залишок",
        en: "from the tap to the bank: each step, and each remainder one by one")
    case .lateTaps:
      Bilingual(
        uk: "записане пізніше, ніж наступного дня після тарифної доби",
        en: "what was booked later than the day after its fare day")
    case .debts:
      Bilingual(
        uk: "вікна, не оплачені на кінець останнього дня, і борги карток та QR-кодів",
        en: "charge windows unpaid when the last day ended, by age, and debts of stored value")
    case .subsidy:
      Bilingual(
        uk: "безплатні й пільгові поїздки та заявки місту",
        en: "free and reduced rides, and what was claimed of the city")
    case .refunds:
      Bilingual(uk: "повернення, проводки й спори", en: "refunds, their entries, and chargebacks")
    case .revenueWithoutCaps:
      Bilingual(
        uk: "що принесли б поїздки за одиничними цінами",
        en: "what rides would have brought at their single prices")
    case .devices:
      Bilingual(uk: "що надіслали валідатори і чого бракує", en: "what validators sent and miss")
    }
  }

  /// Whether a copy is kept of each closed period: its figures are of accounting dates only.
  package var isKept: Bool { !keptTables.isEmpty }

  var tables: [ReportTableDefinition] {
    switch self {
    case .daily, .operators: []
    case .reconciliation: ReportTableDefinition.reconciliation
    case .lateTaps: ReportTableDefinition.lateTaps
    case .debts: ReportTableDefinition.debts
    case .subsidy: ReportTableDefinition.subsidy
    case .refunds: ReportTableDefinition.refunds
    case .revenueWithoutCaps: ReportTableDefinition.revenueWithoutCaps
    case .devices: ReportTableDefinition.devices
    }
  }

  /// Tables that can be asked by accounting date.
  var keptTables: [ReportTableDefinition] {
    switch self {
    case .daily: ReportTableDefinition.periodDaily
    case .operators: [ReportTableDefinition.periodOperators]
    case .reconciliation: ReportTableDefinition.periodReconciliation
    default: tables.filter(\.isByAccountingDate)
    }
  }
}

/// A table of a report as data: the query, and the figures it shows in their order.
struct ReportTableDefinition: Sendable {
  let key: String
  let title: Bilingual
  /// What its sheet in a workbook is called, where the title is too long for one.
  var sheet: Bilingual?
  let query: ReportQuery
  /// Keys of ``ReportFigures``; `operator` brings its name along.
  let figures: [String]
  /// Whether the house sees it alone, for its rows belong to no operator.
  var isOfHouse = false
  /// Most days it is worked out for, where it reads every charge window; nil is as many as a report has.
  var daysMax: Int?
  /// Whether it can be asked by accounting date, so that a closed period keeps it.
  var isByAccountingDate = false
  /// Sums over its rows mean nothing.
  var isUnsummed = false
  /// Figures that are something of their own in this table, by their keys.
  var senses: [String: ReportSense] = [:]

  static let reconciliation = [
    ReportTableDefinition(
      key: "ladder", title: Bilingual(uk: "Кроки", en: "Steps"), query: .ladder,
      figures: ["step", "counted", "amount_minor", "remainder_minor", "currency"], isOfHouse: true,
      daysMax: 31, isUnsummed: true, senses: ReportSense.ladder),
    ReportTableDefinition(
      key: "acquirer", title: Bilingual(uk: "Еквайр", en: "Acquirer"), query: .acquirerRecords,
      figures: ["category", "kind", "records", "gross_minor", "fee_minor", "currency"],
      // What came and what went back stand side by side: added up they are nothing.
      isOfHouse: true, isUnsummed: true),
    ReportTableDefinition(
      key: "operators", title: Bilingual(uk: "Перевізники", en: "Operators"), query: .operatorBooks,
      figures: [
        "operator", "charged_minor", "booked_minor", "difference_minor", "paid_out_minor",
        "currency",
      ], senses: ReportSense.operatorBooks),
    ReportTableDefinition(
      key: "remainders", title: Bilingual(uk: "Залишки", en: "Remainders"), query: .remainders,
      figures: [
        "step", "why", "fare_day", "reference", "amount_minor", "windows_minor", "currency",
      ],
      isOfHouse: true, daysMax: 31, isUnsummed: true, senses: ReportSense.remainders),
    ReportTableDefinition(
      key: "bank",
      title: Bilingual(uk: "Рахунок у банку (1100)", en: "The account at the bank (1100)"),
      query: .bank, figures: ["bank_step", "counted", "amount_minor", "currency"], isOfHouse: true,
      isUnsummed: true, senses: ReportSense.bank),
    ReportTableDefinition(
      key: "bank_remainders",
      title: Bilingual(uk: "Книги й виписки: залишки", en: "Books and statements: remainders"),
      sheet: booksAndStatements,
      query: .bankRemainders,
      figures: [
        "bank_why", "bank_day", "bank_age", "bank_reference", "bank_text", "amount_minor",
        "explains_minor", "currency",
      ], isOfHouse: true, isUnsummed: true, senses: ReportSense.bankRemainders),
  ]

  /// What the sheet of what differs between books and statements is called.
  static let booksAndStatements = Bilingual(uk: "Книги й виписки", en: "Books and statements")

  static let lateTaps = [
    ReportTableDefinition(
      key: "rides", title: Bilingual(uk: "Поїздки", en: "Rides"), query: .lateRides,
      figures: ["fare_day", "accounting_date", "operator", "rides", "charged_minor", "currency"],
      isByAccountingDate: true, senses: ReportSense.lateRides),
    ReportTableDefinition(
      key: "devices", title: Bilingual(uk: "Валідатори", en: "Validators"), query: .lateDevices,
      figures: ["device", "fare_day", "taps", "accepted", "latest_hours", "last_late_at"],
      senses: ReportSense.lateDevices),
  ]

  static let debts = [
    ReportTableDefinition(
      key: "ages", title: Bilingual(uk: "За віком", en: "By age"), query: .debtAges,
      figures: ["age_days", "windows", "due_minor", "currency"], isOfHouse: true,
      isByAccountingDate: true),
    ReportTableDefinition(
      key: "operators", title: Bilingual(uk: "За перевізниками", en: "By operator"),
      query: .debtOperators,
      figures: ["operator", "fare_day", "owing_riders", "rides", "due_minor", "currency"]),
    ReportTableDefinition(
      key: "windows", title: Bilingual(uk: "Вікна", en: "Windows"), query: .debtWindows,
      figures: [
        "window", "fare_day", "declined_at", "declines", "decline_code", "amount_minor",
        "captured_minor", "written_off_minor", "due_minor", "currency",
      ], isOfHouse: true, isByAccountingDate: true, senses: ReportSense.debtWindows),
    ReportTableDefinition(
      key: "stored_value",
      title: Bilingual(
        uk: "Картки й QR-коди на сьогодні: поїздки й стоп-лист цих днів",
        en: "Stored value as of today: rides and denials of these days"),
      sheet: Bilingual(uk: "Картки й QR-коди", en: "Stored value"),
      query: .debtStoredValue, figures: ["debt", "rider", "since", "due_minor", "currency"],
      isOfHouse: true, senses: ["due_minor": .notPaidToday]),
    ReportTableDefinition(
      key: "recoveries",
      title: Bilingual(
        uk: "У стоп-листі через відмову чи невдалу першу перевірку",
        en: "On the deny list after a decline or a failed first check"),
      sheet: Bilingual(uk: "Відмова чи перша перевірка", en: "Decline or failed first check"),
      query: .debtRecoveries,
      figures: ["recovered_by", "cards", "denied_minutes", "denied_minutes_max"], isOfHouse: true,
      isUnsummed: true),
  ]

  static let subsidy = [
    ReportTableDefinition(
      key: "rides", title: Bilingual(uk: "Поїздки", en: "Rides"), query: .subsidyRides,
      figures: [
        "operator", "category", "concession_rides", "free_people", "reduced_people",
        "concession_minor", "currency",
      ], isByAccountingDate: true),
    ReportTableDefinition(
      key: "claims", title: Bilingual(uk: "Заявки", en: "Claims"), query: .subsidyClaims,
      figures: [
        "claim", "first_day", "last_day", "state", "operator", "category", "rides",
        "claimed_minor", "currency",
      ], senses: ReportSense.subsidyClaims),
  ]

  static let refunds = [
    ReportTableDefinition(
      key: "refunds", title: Bilingual(uk: "Повернення на картки", en: "Refunds to cards"),
      query: .refunds,
      figures: [
        "refund_id", "fare_day", "cause", "state", "created_at", "paid_at", "refund_minor",
        "currency",
      ], isOfHouse: true, senses: ReportSense.refunds),
    ReportTableDefinition(
      key: "entries", title: Bilingual(uk: "У книгах", en: "In the books"), query: .refundPostings,
      figures: [
        "accounting_date", "account", "operator", "entries", "debit_minor", "credit_minor",
        "currency",
      ], isByAccountingDate: true),
    ReportTableDefinition(
      key: "chargebacks", title: Bilingual(uk: "Оскаржені платежі", en: "Chargebacks"),
      query: .chargebacks,
      figures: [
        "case", "fare_day", "stage", "reason", "opened_at", "decided_at", "disputed_minor",
        "currency",
      ], isOfHouse: true, senses: ReportSense.chargebacks),
  ]

  static let revenueWithoutCaps = [
    ReportTableDefinition(
      key: "categories", title: Bilingual(uk: "За категоріями", en: "By category"),
      query: .withoutCaps,
      figures: [
        "operator", "category", "rides", "unknown_rides", "nominal_minor", "charged_minor",
        "taken_off_minor", "concession_minor", "currency",
      ], isByAccountingDate: true),
    ReportTableDefinition(
      key: "products", title: Bilingual(uk: "За продуктами", en: "By product"),
      query: .withoutCapsProducts,
      figures: [
        "operator", "product", "rides", "unknown_rides", "nominal_minor", "charged_minor",
        "taken_off_minor", "concession_minor", "currency",
      ], isByAccountingDate: true),
  ]

  static let devices = [
    ReportTableDefinition(
      key: "devices", title: Bilingual(uk: "Надіслане за ці дні", en: "Sent of the days"),
      query: .devices,
      figures: [
        "device", "operator", "state", "vehicles", "taps", "accepted", "denied", "late_taps",
      ]),
    ReportTableDefinition(
      key: "registers",
      title: Bilingual(
        uk: "Лічильники на сьогодні, за весь час", en: "Registers as of today, of all time"),
      sheet: Bilingual(uk: "Лічильники за весь час", en: "Registers of all time"),
      query: .registers,
      figures: [
        "device", "epochs", "stored", "duplicates", "conflicts", "quarantined", "missing_numbers",
        "last_received_at",
      ], isOfHouse: true),
  ]
}
