import Basics
import SimulatedCity
import Transit

/// An account of the books with what it is kept by: an operator, and for the city a category too.
struct PlainAccount: Hashable, Comparable, Sendable, CustomStringConvertible {
  let code: String
  var part = ""

  var description: String { part.isEmpty ? code : "\(code)/\(part)" }

  static func < (left: PlainAccount, right: PlainAccount) -> Bool {
    (left.code, left.part) < (right.code, right.part)
  }

  static let bank = PlainAccount(code: "1100")
  static let cash = PlainAccount(code: "1110")
  static let acquirer = PlainAccount(code: "1120")
  static let riders = PlainAccount(code: "1200")
  static let disputes = PlainAccount(code: "1250")
  static let unknownOperator = PlainAccount(code: "2190")
  static let storedValue = PlainAccount(code: "2200")
  static let deferred = PlainAccount(code: "2210")
  static let toBePaid = PlainAccount(code: "2220")
  static let unmatched = PlainAccount(code: "2290")
  static let fees = PlainAccount(code: "7100")
  static let writtenOff = PlainAccount(code: "7200")
  static let lost = PlainAccount(code: "7210")

  static func operators(_ name: String) -> PlainAccount {
    PlainAccount(code: "2100", part: name)
  }
  static func onItsWay(_ name: String) -> PlainAccount { PlainAccount(code: "2150", part: name) }
  static func city(_ name: String, _ category: String) -> PlainAccount {
    PlainAccount(code: "1300", part: "\(name) \(category)")
  }
}

/// A ledger of a few lines: what each account should stand at, debits above zero.
///
/// What hangs on rides (what riders owe, what cards hold, what operators are owed for fares) is worked
/// out from all rides whenever it is asked for; everything else is written down when it happens.
struct PlainBooks: Sendable {
  var people: MoneyPeople
  /// The account at the bank.
  var bank: PlainBank
  /// Top-ups, sales and their refunds by bank card.
  var cardSales: [PlainCardSale] = []
  /// Lines of the acquirer about them, each with its category.
  var saleLines: [String] = []
  /// Top-ups by card that a rider's bank took back.
  var disputedTopUps: [PlainDispute] = []
  private(set) var written: [PlainAccount: Int64] = [:]
  var claims: [PlainClaim] = []
  /// What is claimed for each tap.
  var claimed: [String: ClaimedRide] = [:]
  var payouts: [PlainPayout] = []
  var disputes: [PlainDispute] = []
  var windows: [Int64: PlainWindowActs] = [:]
  /// Captures of bank cards that the acquirer said it does not pay, by key.
  var declined: [String: Int64] = [:]
  /// What the products of a name earned, by fare day.
  var recognised: [String] = []
  /// What operators were owed when a day of the books ended.
  var owedAtEnd: [Day: [String: Int64]] = [:]
  /// The first day that takes entries: what belongs before it is booked on it.
  var firstOpenDay: Day?

  mutating func write(_ debit: PlainAccount, _ credit: PlainAccount, _ minor: Int64) {
    write(debit, minor)
    write(credit, -minor)
  }

  /// One side of an entry, debits above zero; the other side follows from rides, accounts or windows.
  mutating func write(_ account: PlainAccount, _ minor: Int64) {
    written[account, default: 0] += minor
  }

  /// What is written on an account so far.
  func standing(_ account: PlainAccount) -> Int64 { written[account] ?? 0 }

  /// What is owed to each operator: fares that stand, and what was written down.
  func owedToOperators() -> [String: Int64] {
    var owed: [String: Int64] = [:]
    for (name, _) in CityPlan.operators {
      owed[name] = -(written[.operators(name)] ?? 0)
    }
    for rider in people.riders {
      let rides = people.rides(of: rider)
      for ride in rides { owed[ride.operatorID, default: 0] += ride.charged }
      for part in people.tariff.moved(rides) { owed[part.operatorID, default: 0] += part.minor }
    }
    return owed
  }

  /// All balances but what the charge windows move.
  func balances() -> [PlainAccount: Int64] {
    var sums = written
    for rider in people.riders {
      let rides = people.rides(of: rider)
      for ride in rides {
        sums[.riders, default: 0] += ride.charged
        sums[.operators(ride.operatorID), default: 0] -= ride.charged
      }
      for part in people.tariff.moved(rides) {
        sums[.operators(part.operatorID), default: 0] -= part.minor
      }
      let paid = people.paid(by: rider)
      sums[.riders, default: 0] -= paid
      sums[.storedValue, default: 0] -= people.balance(of: rider) ?? 0
      let givenUp = people.givenUp(of: rider)
      sums[.riders, default: 0] -= givenUp
      sums[.writtenOff, default: 0] += givenUp
    }
    return sums
  }
}

/// What people did about a charge window, minor units.
struct PlainWindowActs: Sendable {
  var paidAtDesk: Int64 = 0
  var paidAfterWriteOff: Int64 = 0
  var writtenOff: Int64 = 0
  var goodwill: Int64 = 0
  /// Who bears goodwill, less what fares that fell were set off against.
  var borne: [PlainAccount: Int64] = [:]
  /// Of the goodwill: what fares that fell were set off against.
  var setOff: Int64 = 0
  /// Of what was lost in disputes: what fares that fell were set off against.
  var lossSetOff: Int64 = 0
}

/// A claim against the city.
struct PlainClaim: Sendable {
  let number: Int64
  let order: Int64
  var state = "awaiting"
  /// Minor units by operator and category.
  let lines: [PlainAccount: Int64]
  /// What was claimed for each tap before it, should it be refused.
  let before: [String: ClaimedRide]

  var minor: Int64 { lines.values.reduce(0, +) }
}

/// What the city is asked for a ride, by the tap that made it.
struct ClaimedRide: Sendable {
  let day: Day
  let account: PlainAccount
  let minor: Int64
  let tap: MadeTap

  var name: String { "\(tap.device) \(tap.seq)" }
}

/// A payout to an operator.
struct PlainPayout: Sendable {
  let order: Int64
  let operatorID: String
  let minor: Int64
  var state = "awaiting"
  var message = ""
  /// The number by which the bank is told of it, once it is in a payment file.
  var number: Int64 = 0
}

/// A top-up, a sale or a refund by bank card, under the acquirer's name of it.
struct PlainCardSale: Sendable {
  let reference: String
  var isRefund = false
  let minor: Int64
  /// What the acquirer paid, or kept.
  var settled: Int64 = 0
  /// What it does not pay.
  var declined: Int64 = 0

  var open: Int64 { minor - settled - declined }
}

/// A payment that a rider's bank took back.
struct PlainDispute: Sendable {
  let name: String
  let reference: String
  let minor: Int64
  var stage: String
  /// Steps whose money came by a funding file.
  var funded: Set<String> = []

  /// Whether the house has it in its list: not one that was never told, or not taken.
  var isKnown: Bool { ["opened", "won", "lost"].contains(stage) }
}

/// Shares of an amount by weights, as accountants do it; nothing where nothing weighs.
///
/// Each is rounded down, and the rest goes one by one to those who lost most by it, the earlier first.
func plainShares(of minor: Int64, by weights: [Int64]) -> [Int64] {
  let total = weights.reduce(0, +)
  guard total > 0 else { return [] }
  var shares = weights.map { minor * $0 / total }
  let order = weights.indices.sorted {
    let (one, other) = (minor * weights[$0] % total, minor * weights[$1] % total)
    return one == other ? $0 < $1 : one > other
  }
  var left = minor - shares.reduce(0, +)
  for place in order where left > 0 {
    shares[place] += 1
    left -= 1
  }
  return shares
}
