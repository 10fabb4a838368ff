import Basics

/// What a figure is in one table, where that is not what it is in all others.
struct ReportSense: Sendable {
  /// How it is headed there; nil is as everywhere.
  var header: Bilingual?
  let meaning: Bilingual

  /// Of the rides of the days asked, and of no moment of those.
  static let notPaidToday = ReportSense(
    header: Bilingual(uk: "Не сплачено на сьогодні", en: "Not paid today"),
    meaning: Bilingual(
      uk:
        "Що з поїздок цих днів не сплачено, коли складено звіт; а коли залишок нижчий за нуль – скільки бракує до нуля.",
      en:
        "What of the rides of these days is not paid when the report is made; of a balance below nothing: what is missing to nothing."
    ))
}

extension ReportTableDefinition {
  /// The column of a figure, as this table heads and explains it.
  func column(_ words: ReportFigureWords) -> ReportColumn {
    let sense = senses[words.key]
    return ReportColumn(
      words.key, sense?.header ?? words.header, words.kind,
      meaning: sense?.meaning ?? words.meaning)
  }
}
