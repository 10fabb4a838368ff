package import Basics
import Charging
package import Store

/// What a fare day of a rider came to on a bank card, and what became of it.
package struct RiderCharge: Sendable, Equatable {
  package let fareDay: Day
  /// What the day came to, or a correction of it; below zero it is given back.
  package let amount: Money
  /// Nil while the day is not closed: the card was not asked yet.
  package let row: ChargeWindowRow?
  package let refunds: [RefundRow]

  /// The state by its name; `open` while the day is not closed.
  package var stateName: String { row?.window.state.rawValue ?? "open" }

  /// What became of it, in words, the state first.
  package func sentences(in language: Language) -> [String] {
    guard let row else {
      return [
        Bilingual(
          uk: "картку ще не списано: її запитають, коли день поїздок закінчиться",
          en: "the card is not charged yet: it is asked once the fare day is over")[language]
      ]
    }
    let window = row.window
    var said = [Self.state(of: window)]
    if let code = window.declineCode, window.dueMinor == 0, window.capturedMinor > 0 {
      let why = DeclineWords.words(for: code)
      said.append(
        Bilingual(
          uk: "спершу відмовлено: \(why.ukrainian)", en: "declined at first: \(why.english)"))
    }
    if row.number > 0 {
      said.append(
        Bilingual(
          uk: "виправлення дня, поїздки якого змінилися пізніше",
          en: "a correction of a day whose rides changed later"))
    }
    let currency = row.currency
    said += refunds.compactMap { refund in
      Self.refund(refund).map { words in
        Self.with(Money(minor: refund.minor, currency: currency), words)
      }
    }
    if window.chargedBackMinor > 0 {
      said.append(
        Self.with(
          Money(minor: window.chargedBackMinor, currency: currency),
          Bilingual(
            uk: "банк картки відкликав за вашою незгодою",
            en: "were taken back by the bank of the card in a dispute")))
    }
    return said.map { $0[language] }
  }

  private static func with(_ money: Money, _ words: Bilingual) -> Bilingual {
    Bilingual(
      uk: "\(money.description.replacing(".", with: ",")) \(words.ukrainian)",
      en: "\(money) \(words.english)")
  }

  private static func state(of window: ChargeWindow) -> Bilingual {
    let why = DeclineWords.words(for: window.declineCode ?? "?")
    return switch window.state {
    case .closed, .authorising:
      Bilingual(uk: "банк картки запитано", en: "the bank of the card is being asked")
    case .authorised, .capturing:
      Bilingual(
        uk: "банк погодився, гроші списуються", en: "the bank has agreed, and the money is taken")
    case .captured, .settled: Bilingual(uk: "сплачено", en: "paid")
    case .retrying:
      Bilingual(
        uk: "відмовлено: \(why.ukrainian); картку запитають ще раз",
        en: "declined: \(why.english); the card will be asked again")
    case .debt:
      Bilingual(
        uk: "відмовлено: \(why.ukrainian); борг не сплачено",
        en: "declined: \(why.english); the debt is not paid")
    case .writtenOff:
      Bilingual(uk: "більше не стягується", en: "given up, and not asked for any more")
    case .nothing: Bilingual(uk: "платити нічого", en: "there is nothing to pay")
    case .netting:
      Bilingual(uk: "буде повернено або зараховано", en: "will be given back or taken off")
    case .netted: Bilingual(uk: "повернено або зараховано", en: "given back or taken off")
    }
  }

  /// What is told of a refund; nil for one that was refused.
  private static func refund(_ refund: RefundRow) -> Bilingual? {
    switch refund.state {
    case .awaiting:
      Bilingual(
        uk: "буде повернено на картку, якщо друга особа погодить",
        en: "go back to the card once a second person agrees")
    case .approved, .asking:
      Bilingual(uk: "повертається на картку", en: "are on their way back to the card")
    case .paid, .settled:
      Bilingual(uk: "повернено на картку", en: "were given back to the card")
    case .failed where refund.paidEntryID != nil:
      Bilingual(
        uk: "виплачено готівкою або переказом, бо на картку не вдалося",
        en: "were paid back in cash or by transfer, for the card did not take them")
    case .failed:
      Bilingual(
        uk: "не вдалося повернути на картку; зверніться до каси",
        en: "could not be given back to the card; ask at a desk")
    case .refused: nil
    }
  }
}

/// Tells a rider what became of the charges of their bank cards.
package struct RiderChargeDesk: Sendable {
  private let store: Store

  /// Makes the desk; it only reads.
  package init(store: Store) {
    self.store = store
  }

  /// The charges of a rider's fare days, in order; those not closed yet at the end of their day's.
  package func charges(
    of rider: RiderID, days: ClosedRange<Day>
  ) async throws -> [RiderCharge] {
    try await store.read { db in
      let rows = try await db.charging.windows(of: rider, days: days)
      let refunds = Dictionary(
        grouping: try await db.charging.refunds(ofWindows: rows.map(\.id)), by: \.windowID)
      let closed = rows.map { row in
        RiderCharge(
          fareDay: row.fareDay,
          amount: Money(minor: row.window.amountMinor, currency: row.currency), row: row,
          refunds: refunds[row.id] ?? [])
      }
      let open = try await db.charging.notClosed(of: rider, days: days).map { day in
        RiderCharge(fareDay: day.fareDay, amount: day.sum, row: nil, refunds: [])
      }
      let order = (closed + open).enumerated().sorted {
        ($0.element.fareDay, $0.offset) < ($1.element.fareDay, $1.offset)
      }
      return order.map(\.element)
    }
  }
}
