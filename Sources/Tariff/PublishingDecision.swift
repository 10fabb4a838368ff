package import Basics

/// Whether a version may be published.
package enum PublishingDecision: Equatable, Sendable {
  /// It takes effect on a fare day to come.
  case scheduled(Day)
  /// It changes days that are over; all rider-days from this one have to be rated again.
  case rerates(from: Day)
  /// It may not be published, and why.
  case refused(Bilingual)

  /// Decides about a version; `today` is the running fare day.
  package static func decide(
    _ version: CompiledTariff, published: [CompiledTariff], today: Day, isReratingOrdered: Bool
  ) -> PublishingDecision {
    if published.contains(where: { $0.version == version.version }) {
      return .refused(
        Bilingual(
          uk: "версію «\(version.version)» вже опубліковано; дайте новій інше ім'я",
          en: "version \"\(version.version)\" is published already; give the new one another name"))
    }
    if version.lastDay < today, !isReratingOrdered {
      return .refused(
        Bilingual(
          uk: "версія діяла до \(version.lastDay), а сьогодні \(today)",
          en: "the version ended on \(version.lastDay), and today is \(today)"))
    }
    guard version.firstDay <= today else { return .scheduled(version.firstDay) }
    guard isReratingOrdered else {
      return .refused(
        Bilingual(
          uk: "версія діє з \(version.firstDay), а сьогодні \(today): змінити минуле можна лише з "
            + "розпорядженням на перерахунок",
          en: "the version begins on \(version.firstDay) and today is \(today): the past changes "
            + "only with an order to rate it again"))
    }
    return .rerates(from: version.firstDay)
  }
}
