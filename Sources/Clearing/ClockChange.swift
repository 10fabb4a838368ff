import Basics
import Store
import Tariff

/// Whether a tariff would leave sorted taps under a fare day that is not theirs by its clock.
///
/// A tap gets its fare day once, when it is sorted. Under another one it would be rated with the caps, passes and
/// prices of the wrong day, and no proof of the journal would find it where it has to lie.
enum ClockChange {
  /// A fare day that begins at another moment than before, and the moments between the two.
  struct Begin: Equatable {
    let day: Day
    let moments: Range<Instant>
  }

  /// Which fare days, from one on, begin elsewhere by a book; of those that have taps, and those after them.
  static func begins(
    from city: City, to book: TariffBook, on tapped: [Day], from first: Day
  ) -> [Begin] {
    let days = Set(tapped).union(tapped.map { $0.adding(days: 1) }).filter { $0 >= first }
    return days.sorted().compactMap { day in
      let before = city.hours(of: day).lowerBound
      let after = city.clock(of: day, by: book).start(of: day)
      guard before != after else { return nil }
      return Begin(day: day, moments: min(before, after)..<max(before, after))
    }
  }

  /// Why a book cannot take the place of what a city has, from a day on; nil when no tap would change its day.
  static func refusal(
    of book: TariffBook, from first: Day, _ city: City, in db: StoreSession
  ) async throws -> String? {
    let tapped = try await db.sorting.tappedDays(from: first.adding(days: -1))
    for begin in begins(from: city, to: book, on: tapped, from: first) {
      let days = [begin.moments.lowerBound, begin.moments.upperBound].map(city.fareDay(of:))
      guard let least = days.min(), let most = days.max(),
        try await db.sorting.hasTaps(of: begin.moments, in: least...most)
      else { continue }
      let clock = city.clock(of: begin.day, by: city.book)
      let minutes = clock.fareDayStartSeconds / 60
      let start = "\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
      return
        "fare day \(begin.day) would begin at another moment, and taps between the two are sorted, which get "
        + "no other fare day any more; a version of these days needs the clock of before (day_start "
        + "\"\(start)\", timezone \(clock.zone.name)), and one with another clock a later first day"
    }
    return nil
  }
}
