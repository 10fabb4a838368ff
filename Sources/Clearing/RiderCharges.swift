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
  /// What desks took of it, in minor units.
  package var deskMinor: Int64 = 0
  /// Of an amount below zero: what of it goes back as a refund of another charge of the day.
  package var refundedElsewhereMinor: Int64 = 0
  /// Whether no earlier charge of the day is of the same card or phone.
  package var isOfOtherMedium = false

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
    let currency = row.currency
    var said = [state(of: window, in: currency)]
    if deskMinor > 0, ![.captured, .settled].contains(window.state) {
      said.append(
        Self.with(
          Money(minor: deskMinor, currency: currency),
          Bilingual(uk: "сплачено в касі", en: "were paid at a desk")))
    }
    if let code = window.declineCode, window.dueMinor == 0, window.capturedMinor > 0 {
      let why = DeclineWords.words(for: code)
      said.append(
        Bilingual(
          uk: "спершу відмовлено: \(why.ukrainian)", en: "declined at first: \(why.english)"))
    }
    if row.number > 0 { said.append(further(than: row)) }
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
      uk: "\(money.text(in: .ukrainian)) \(words.ukrainian)",
      en: "\(money) \(words.english)")
  }

  /// Why the day has more than one charge: a merge brings the other rider's own along.
  private func further(than row: ChargeWindowRow) -> Bilingual {
    isOfOtherMedium && row.window.amountMinor > 0
      ? Bilingual(
        uk: "окремо від першого списання дня: з іншої вашої картки чи телефону, "
          + "або поїздки дня змінилися пізніше",
        en: "apart from the first charge of the day: of another card or phone of yours, "
          + "or rides of the day changed later")
      : Bilingual(
        uk: "виправлення дня, поїздки якого змінилися пізніше",
        en: "a correction of a day whose rides changed later")
  }

  /// That it was paid, and where.
  private func paid(of window: ChargeWindow, in currency: Currency) -> Bilingual {
    guard deskMinor > 0 else { return Bilingual(uk: "сплачено", en: "paid") }
    guard deskMinor < window.capturedMinor else {
      return Bilingual(uk: "сплачено в касі", en: "paid at a desk")
    }
    let part = Money(minor: deskMinor, currency: currency)
    return Bilingual(
      uk: "сплачено, з них \(part.description.replacing(".", with: ",")) у касі",
      en: "paid, \(part) of it at a desk")
  }

  /// Where an amount below zero went: what goes back is told once as a refund, and is no further money.
  private func given(_ window: ChargeWindow, in currency: Currency) -> Bilingual {
    let rest = Bilingual(
      uk: "зараховано до боргу або повернено раніше",
      en: "taken off what was owed, or given back before")
    guard refundedElsewhereMinor > 0 else { return rest }
    let money = Money(minor: refundedElsewhereMinor, currency: currency)
    let part = money.description.replacing(".", with: ",")
    guard refundedElsewhereMinor < -window.amountMinor else {
      return Bilingual(
        uk: "це ті самі \(part), що повертаються в іншому рядку цього дня, а не інші гроші",
        en: "these are the \(money) that go back at another line of this day, and no further money")
    }
    return Bilingual(
      uk: "з них \(part) повертаються в іншому рядку цього дня, решту \(rest.ukrainian)",
      en: "of it \(money) go back at another line of this day, and the rest was \(rest.english)")
  }

  private func state(of window: ChargeWindow, in currency: Currency) -> Bilingual {
    let why = DeclineWords.words(for: window.declineCode ?? "?")
    return switch window.state {
    case .closed:
      Bilingual(uk: "банк картки буде запитано", en: "the bank of the card will be asked")
    case .authorising:
      Bilingual(uk: "банк картки запитано", en: "the bank of the card is being asked")
    // By files no bank was asked: the acquirer promises it.
    case .authorised, .capturing:
      Bilingual(
        uk: "оплату дозволено, гроші списуються",
        en: "the payment is allowed, and the money is being taken")
    case .captured, .settled: paid(of: window, in: currency)
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
    case .netted: given(window, in: currency)
    }
  }

  /// What is told of a refund; nil for one that was refused.
  private static func refund(_ refund: RefundRow) -> Bilingual? {
    // What a desk took no card can be given back: nobody tried.
    let isOfDesk = refund.fault == OrderedRefund.atDesk
    return switch refund.state {
    case .awaiting:
      Bilingual(
        uk: "буде повернено на картку, якщо друга особа погодить",
        en: "go back to the card once a second person agrees")
    case .approved, .asking:
      Bilingual(uk: "повертається на картку", en: "are on their way back to the card")
    case .paid, .settled:
      Bilingual(uk: "повернено на картку", en: "were given back to the card")
    case .failed where isOfDesk && refund.paidEntryID != nil:
      Bilingual(
        uk: "повернено готівкою або переказом", en: "were given back in cash or by transfer")
    case .failed where isOfDesk:
      Bilingual(uk: "можна отримати назад у касі", en: "are to be given back at a desk")
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

/// Tells a rider how their rides are paid, and what became of the charges of their bank cards.
package struct RiderChargeDesk: Sendable {
  let store: Store

  /// Makes the desk; it only reads.
  package init(store: Store) {
    self.store = store
  }

  /// How what a rider's fare days come to is paid, by currency, and what became of each charge: of one moment.
  ///
  /// Charges come in order, those not closed yet at the end of their day's.
  package func told(
    of rider: RiderID, days: ClosedRange<Day>
  ) async throws -> (payments: [RiderPayment], charges: [RiderCharge]) {
    try await store.read { db in
      let paying = try await db.wallets.paying(of: rider, days: days)
      let isWithoutAccount = try await db.charging.isWithoutAccount(rider)
      // Nobody is asked as long as no account is known.
      let notClosed =
        isWithoutAccount ? [] : try await db.charging.notClosed(of: rider, days: days)
      let payments = paying.flatMap { paying in
        let own = notClosed.filter { $0.sum.currency == paying.currency }
        return RiderPayment.parts(
          paying, notClosedMinor: own.reduce(0) { $0 + $1.sum.minor },
          isWithoutAccount: isWithoutAccount)
      }
      let open = notClosed.map { day in
        RiderCharge(fareDay: day.fareDay, amount: day.sum, row: nil, refunds: [])
      }
      let closed = try await Self.closed(of: rider, days: days, in: db)
      let order = (closed + open).enumerated().sorted {
        ($0.element.fareDay, $0.offset) < ($1.element.fareDay, $1.offset)
      }
      return (payments, order.map(\.element))
    }
  }

  private static func closed(
    of rider: RiderID, days: ClosedRange<Day>, in db: StoreSession
  ) async throws -> [RiderCharge] {
    let rows = try await db.charging.windows(of: rider, days: days)
    let refunds = try await db.charging.refunds(ofWindows: rows.map(\.id))
    let ofWindow = Dictionary(grouping: refunds, by: \.windowID)
    let desks = try await db.charging.paidAtDesks(
      ofWindows: rows.filter { $0.window.deskMinor > 0 }.map(\.id))
    return rows.map { row in
      let elsewhere = refunds.filter { $0.differenceID == row.id }
      return RiderCharge(
        fareDay: row.fareDay,
        amount: Money(minor: row.window.amountMinor, currency: row.currency), row: row,
        refunds: ofWindow[row.id] ?? [], deskMinor: desks[row.id] ?? 0,
        refundedElsewhereMinor: elsewhere.reduce(0) { $0 + $1.minor },
        isOfOtherMedium: !rows.contains {
          $0.fareDay == row.fareDay && $0.currency == row.currency && $0.number < row.number
            && $0.medium == row.medium
        })
    }
  }
}
