package import Basics
package import Store
package import Tariff

/// What became of a tariff that was to be put in force, if need be by an order.
package enum TariffOrderOutcome: Sendable {
  /// No day that has begun changes, or it is no tariff: what came of publishing it.
  case plain(PublishingOutcome)
  /// It changes the past: what it changes is being worked out.
  case ordered(ReratingOrder)
  /// Why there is no order, and what would be right.
  case refused(String)
}

/// A tariff that begins on a fare day which has begun goes the way of every order to rate anew.
extension Rerating {
  /// Puts a tariff in force; a change to the past is an order of the person, seen before it is given
  /// and above the limit approved by another one.
  package func publish(
    _ source: TariffSource, by person: Person, at now: Instant
  ) async throws -> TariffOrderOutcome {
    let plain = try await TariffPublishing(store: store).publish(source, at: now)
    guard case .past = plain, let period = try await pastDays(of: source, at: now) else {
      return .plain(plain)
    }
    return switch try await ask(period, tariff: source, by: person, at: now) {
    case .ordered(let order): .ordered(order)
    case .refused(let why): .refused(why)
    }
  }

  /// The fare days that have begun and that new versions of a tariff change; nil when there are none.
  package func pastDays(
    of source: TariffSource, at now: Instant
  ) async throws -> ClosedRange<Day>? {
    guard let book = source.load().book else { return nil }
    let published = Set(try await store.read { db in try await db.tariffs.list() }.map(\.version))
    let today = city.fareDay(of: now)
    let first = book.versions.filter { !published.contains($0.version) }.map(\.firstDay).min()
    guard let first, first <= today else { return nil }
    return first...today
  }
}
