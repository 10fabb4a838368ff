package import Basics

extension TariffBook {
  /// Makes the book of versions that were published one by one; nil without any.
  ///
  /// A version holds until the one that begins after it, though it was open-ended when it was
  /// published; where two begin on one day, the later in the list holds.
  package init?(published versions: [CompiledTariff]) {
    var byFirstDay: [Day: CompiledTariff] = [:]
    for version in versions { byFirstDay[version.firstDay] = version }
    let sorted = byFirstDay.values.sorted { $0.firstDay < $1.firstDay }
    let clipped = sorted.enumerated().map { index, version in
      guard index + 1 < sorted.count, version.lastDay >= sorted[index + 1].firstDay else {
        return version
      }
      var tables = version.tables
      tables.lastDay = sorted[index + 1].firstDay.number - 1
      return CompiledTariff(tables: tables, bound: version.bound)
    }
    self.init(clipped)
  }

  /// The first fare day for which a version of this book holds, and none of another; nil when there is none.
  ///
  /// Days are lost behind a version that has an end: what it took the place of does not come back.
  package func firstDayLost(in other: TariffBook) -> Day? {
    other.versions.map { $0.lastDay.adding(days: 1) }.sorted()
      .first { other.tariff(on: $0) == nil && tariff(on: $0) != nil }
  }

  /// The book as it would be if a version held from a day on, whatever day it names itself.
  package func replacing(from day: Day, by draft: CompiledTariff) -> TariffBook {
    var tables = draft.tables
    tables.firstDay = day.number
    tables.lastDay = TariffReader.lastDay
    let before = versions.filter { $0.firstDay < day }
    var version = CompiledTariff(tables: tables, bound: draft.bound)
    if draft.bound == nil, let network = versions.lazy.compactMap({ $0.bound?.fares }).first {
      version = version.bound(to: network)
    }
    guard let book = TariffBook(published: before + [version]) else {
      preconditionFailure("a book with a version is never empty")
    }
    return book
  }
}
