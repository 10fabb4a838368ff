import Basics
import Store

/// Tables that a report has of a period alone, in the place of its tables by fare day.
extension ReportTableDefinition {
  static let periodDaily = [
    ReportTableDefinition(
      key: "operators", title: Bilingual(uk: "За перевізниками", en: "By operator"),
      query: .periodDays,
      figures: ["accounting_date", "operator", "mode"] + rides, isByAccountingDate: true),
    ReportTableDefinition(
      key: "categories", title: Bilingual(uk: "За категоріями", en: "By category"),
      query: .periodCategories, figures: ["accounting_date", "category"] + rides, isOfHouse: true,
      isByAccountingDate: true),
    // Rows of each operator's own, so that an operator's report comes from what is kept, too.
    ReportTableDefinition(
      key: "operator_categories",
      title: Bilingual(uk: "За перевізниками й категоріями", en: "By operator and category"),
      query: .periodOperatorCategories,
      figures: ["accounting_date", "operator", "category"] + rides, isByAccountingDate: true),
  ]

  static let periodOperators = ReportTableDefinition(
    key: "operators", title: Bilingual(uk: "За перевізниками", en: "By operator"),
    query: .periodOperators,
    figures: [
      "fare_day", "operator", "mode", "category", "rides", "people", "free_rides",
      "reduced_rides", "unknown_rides", "nominal_minor", "charged_minor", "currency",
    ], isByAccountingDate: true)

  static let periodReconciliation = [
    ReportTableDefinition(
      key: "ladder", title: Bilingual(uk: "Кроки за книгами", en: "Steps by the books"),
      query: .periodLadder,
      figures: ["step", "counted", "amount_minor", "remainder_minor", "currency"], isOfHouse: true,
      isByAccountingDate: true, isUnsummed: true, senses: ReportSense.periodLadder),
    ReportTableDefinition(
      key: "operators", title: Bilingual(uk: "Перевізники", en: "Operators"), query: .periodBooks,
      figures: [
        "operator", "charged_minor", "booked_minor", "difference_minor", "paid_out_minor",
        "currency",
      ], isByAccountingDate: true, senses: ReportSense.periodOperatorBooks),
    ReportTableDefinition(
      key: "bank",
      title: Bilingual(uk: "Рахунок у банку (1100)", en: "The account at the bank (1100)"),
      query: .periodBank, figures: ["bank_step", "counted", "amount_minor", "currency"],
      isOfHouse: true, isByAccountingDate: true, isUnsummed: true, senses: ReportSense.bank),
    // Without texts: who paid may be a rider who is erased later.
    ReportTableDefinition(
      key: "bank_remainders",
      title: Bilingual(uk: "Книги й виписки: залишки", en: "Books and statements: remainders"),
      sheet: booksAndStatements,
      query: .periodBankRemainders,
      figures: [
        "bank_why", "bank_day", "bank_age", "bank_reference", "amount_minor", "explains_minor",
        "currency",
      ], isOfHouse: true, isByAccountingDate: true, isUnsummed: true,
      senses: ReportSense.bankRemainders),
    ReportTableDefinition(
      key: "bank_late",
      title: Bilingual(
        uk: "Виписки закритих місяців: що прийшло потім",
        en: "Statements of closed months: what came later"),
      sheet: Bilingual(uk: "Пізні виписки", en: "Late statements"),
      query: .periodBankLate,
      figures: [
        "bank_late", "bank_month", "bank_day", "bank_reference", "bank_subject", "amount_minor",
        "currency",
      ], isOfHouse: true, isByAccountingDate: true, isUnsummed: true,
      senses: ReportSense.bankRemainders),
  ]

  /// Tables that programs of before did not keep, the newest first.
  static let keptLater: [Set<String>] = [
    ["bank_late"], ["bank_late", "bank", "bank_remainders"],
  ]

  /// Steps by the books that programs of before did not tell.
  static let stepsLater: Set<String> = ["acquirer_other", "unmatched"]

  private static let rides = [
    "rides", "people", "charged_minor", "nominal_minor", "free_rides", "unknown_rides", "currency",
  ]
}
