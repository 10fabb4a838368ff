import ArgumentParser
import Basics
import Clearing
import Foundation
import Insight
import Store
import Tapping
import Transit
import Wallet
import Web

/// Who does something at the command line, and why.
struct ActOptions: ParsableArguments {
  @OptionGroup var person: PersonOptions

  @Option(
    help: "Who does it, behind the name of the token; without both this machine's user.",
    transform: actorArgument)
  var by: String?

  @Option(help: "Why, for the file.")
  var reason: String

  func validate() throws {
    guard (1...RiderAct.textBytesMax).contains(reason.utf8.count) else {
      throw ValidationError("--reason has 1 to \(RiderAct.textBytesMax) bytes.")
    }
    guard !SecondPerson.isBlank(reason) else { throw ValidationError("--reason is blank.") }
    guard !CardNumber.isHidden(in: reason) else {
      throw ValidationError(
        "--reason holds the number of a bank card, which is never written down.")
    }
  }

  /// The act of whoever is known by a token, where one was given.
  func act(_ store: Store) async throws -> RiderAct {
    act(of: try await person.personIfGiven(store))
  }

  /// The act of a person, or of whoever sits at the terminal.
  func act(of person: Person?) -> RiderAct {
    RiderAct(actor: PersonOptions.actor(person, named: by), reason: reason, at: .now)
  }
}

/// What every command on a rider stands on.
struct RiderWork: Sendable {
  let store: Store
  let city: CityHolder
  let key: TokenKey
  let insight: InsightDesk

  var riders: RiderDesk { RiderDesk(store: store, city: city, tokenKey: key) }
  var wallets: WalletDesk { WalletDesk(store: store, city: city) }
  var products: ProductDesk { ProductDesk(store: store, city: city) }

  /// Changes what riders' days, those from one on where it is given, are rated by.
  ///
  /// Where there are such days, whoever does it is known by a token; above the limit of one person it takes
  /// two. The body is given the person of a token, so that it stands in the rider's file.
  func change<Done: Sendable>(
    _ wish: PastWish, of affected: [RiderID], from first: Day? = nil, by who: PersonOptions,
    _ body: (PastGate, Person?) async throws -> Done
  ) async throws -> Done {
    var isPast = false
    for rider in affected where !isPast {
      isPast = try await riders.hasDays(of: rider, from: first)
    }
    let person = isPast ? try await who.person(store) : nil
    // Of days to come anybody at a desk may say so, and is named all the same.
    let named = isPast ? person : try await who.personIfGiven(store)
    return try await PastDesk(store: store, city: city, log: .quiet)
      .change(wish, by: person, at: .now) { try await body($0, named) }.orWaits()
  }

  /// Runs a body on the database; a refusal becomes the answer "no" with its sentence.
  static func with<Result: Sendable>(
    _ options: DatabaseOptions, _ body: (RiderWork, Backbone) async throws -> Result
  ) async throws -> Result {
    try await Backbone.with(options) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let work = RiderWork(
        store: backbone.store, city: city, key: try await backbone.tokenKey(),
        insight: InsightDesk(store: backbone.store, city: city))
      do {
        return try await body(work, backbone)
      } catch let refusal as RiderRefusal {
        throw CommandFault(refusal.description, exitCode: CommandFault.no)
      }
    }
  }
}

extension MediumKind {
  /// A medium's kind on the command line.
  static func argument(_ text: String) throws -> MediumKind {
    guard let kind = MediumKind(rawValue: text) else {
      throw ValidationError("\(text) is none of card, bank, phone, qr.")
    }
    return kind
  }
}

/// A token on the command line: base64url as on the wire.
func tokenArgument(_ text: String) throws -> [UInt8] {
  guard let token = Base64.decode(text, .url), (1...64).contains(token.count) else {
    throw ValidationError("\(text) is not base64url of 1 to 64 bytes.")
  }
  let isNumber = token.withUnsafeBytes { CardNumber.isHeld(by: $0, isOfBank: true) }
  guard !isNumber, !CardNumber.isOne(text: text) else {
    throw ValidationError("A token is never a card number.")
  }
  return token
}

extension RiderCommand {
  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "register", abstract: "Registers a card before its first tap.")

    @Argument(help: "Token of the medium (base64url).", transform: tokenArgument)
    var token: [UInt8]

    @Option(help: "card, bank, phone or qr.", transform: MediumKind.argument)
    var kind: MediumKind = .card

    @Option(help: "The rider who gets it, by UUID or token; a new one without it.")
    var rider: String?

    @Option(name: .customLong("valid-to"), help: "Its last day.", transform: Day.argument)
    var validTo: Day?

    @Option(
      name: .customLong("account-reference"),
      help: "Payment account reference of a bank card: media with one are one rider's.")
    var reference: String?

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let owner = try await RiderWork.with(database) { work, backbone in
        var owner: RiderID?
        if let rider { owner = try await RiderCommand.find(rider, work.insight, backbone) }
        let registered = try await work.riders.register(
          kind, token: token, to: owner, validTo: validTo, by: try await who.act(work.store))
        guard let reference else { return registered }
        let medium = work.key.mediumID(kind: kind, token: token)
        let digest = try work.riders.accountDigest(reference)
        // Whoever has another medium of the account becomes one with the rider.
        let others = try await work.store.read { db in
          try await db.media.riders(ofAccountReference: digest)
        }
        return try await work.change(
          .link(medium, accountDigest: digest, reason: who.reason), of: others + [registered],
          by: who.person
        ) { gate, named in
          try await work.riders.link(
            medium, accountReference: reference, through: gate, by: who.act(of: named))
        }
      }
      print("rider \(owner)")
    }
  }

  struct Media: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "media", abstract: "Lists media, proofs, balances, and what was done.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let profile = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        return try await work.riders.profile(of: found, at: .now)
      }
      guard let profile else {
        throw CommandFault(RiderRefusal.unknownRider.description, exitCode: CommandFault.no)
      }
      print("rider \(profile.rider.rider)\(profile.rider.erasedAt.map { ", erased \($0)" } ?? "")")
      for medium in profile.media {
        let denied = medium.denials.map(\.rawValue).joined(separator: ", ")
        print(
          "\(medium.kind.rawValue) \(medium.medium)  \(medium.state.rawValue)"
            + (medium.replacedBy.map { " by \($0)" } ?? "")
            + (denied.isEmpty ? "" : "  denied: \(denied)"))
      }
      for proof in profile.proofs {
        print(
          "category \(proof.days.category) from \(proof.days.first)"
            + (proof.days.last.map { " to \($0)" } ?? ""))
      }
      for (account, debt) in profile.accounts {
        let owed = Money(minor: debt, currency: account.currency)
        print(
          "balance \(Money(minor: account.balanceMinor, currency: account.currency))"
            + (debt > 0 ? ", owed \(owed)" : ""))
      }
      for event in profile.events {
        print(
          "\(event.at) \(event.actor): \(event.kind) \(event.detail) (\(event.reason))"
            + (event.formerRider.map { ", as rider \($0)" } ?? ""))
      }
    }
  }

  struct AddEntitlement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add-entitlement",
      abstract: "Records a proof of a category; the days it covers are rated anew.",
      discussion: """
        Where it covers days on which the rider rode, whoever records it is known by a token (--as). Above \
        the limit of one person (`kvytok rate limit`) it is done when another one gives the same command.
        """)

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @Argument(help: "The category, as the tariff calls it.")
    var category: String

    @Option(help: "First fare day.", transform: Day.argument)
    var from: Day

    @Option(help: "Last fare day; without it, for good.", transform: Day.argument)
    var to: Day?

    @Option(name: .customLong("proof-kind"), help: "What kind of paper proves it.")
    var proofKind: String?

    @Option(
      name: .customLong("proof-number"), help: "Number of the paper; only a keyed digest is kept.")
    var proofNumber: String?

    @Flag(
      help: """
        Ends another category that stands on these days, the day before; one that begins no earlier goes.
        """)
    var replaces = false

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (found, stale) = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        let days = ProvenDays(category: category, first: from, last: to)
        let stale = try await work.change(
          .proof(
            days, kind: proofKind, number: proofNumber, isReplacing: replaces, of: found,
            reason: who.reason, at: work.riders),
          of: [found], from: from, by: who.person
        ) { gate, named in
          try await work.riders.addProof(
            days, kind: proofKind, number: proofNumber, note: nil, of: found,
            isReplacing: replaces, through: gate, by: who.act(of: named))
        }
        return (found, stale)
      }
      print("rider \(found): \(category) from \(from)\(to.map { " to \($0)" } ?? "")")
      Progress.say("\(stale) of the rider's days will be rated anew")
    }
  }

  struct WithdrawEntitlement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "withdraw-entitlement",
      abstract: "Takes back a proof that was recorded wrongly; its days are rated anew.",
      discussion: "Its paper may then prove the category of another rider.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @Argument(help: "The category, as the tariff calls it.")
    var category: String

    @Option(help: "First fare day of the proof.", transform: Day.argument)
    var from: Day

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (found, stale) = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        let stale = try await work.change(
          .withdrawal(of: category, from: from, rider: found, reason: who.reason), of: [found],
          from: from, by: who.person
        ) { gate, named in
          try await work.riders.withdrawProof(
            of: category, from: from, rider: found, through: gate, by: who.act(of: named))
        }
        return (found, stale)
      }
      print("rider \(found): \(category) from \(from) is withdrawn")
      Progress.say("\(stale) of the rider's days will be rated anew")
    }
  }

  struct Expiring: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "expiring", abstract: "Lists proofs that end soon and that none follows.")

    @Option(help: "Days from today.")
    var days = 30

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (0...3660).contains(days) else {
        throw ValidationError("--days is a number from 0 to 3660.")
      }
    }

    func run() async throws {
      let proofs = try await RiderWork.with(database) { work, _ in
        try await work.riders.expiringProofs(within: days, at: .now)
      }
      var table = TextTable([("ends", .left), ("category", .left), ("rider", .left)])
      for proof in proofs {
        table.add([
          proof.days.last?.description ?? "", proof.days.category, proof.rider.description,
        ])
      }
      print(table.text)
    }
  }

  struct Merge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "merge", abstract: "Merges a rider into another. This is not undone.")

    @Argument(help: "The rider who goes, by UUID or token.")
    var rider: String

    @Argument(help: "The rider who stays, by UUID or token.")
    var into: String

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (kept, taps) = try await RiderWork.with(database) { work, backbone in
        let gone = try await RiderCommand.find(rider, work.insight, backbone)
        let kept = try await RiderCommand.find(into, work.insight, backbone)
        let taps = try await work.change(
          .merge(gone, into: kept, reason: who.reason), of: [gone, kept], by: who.person
        ) {
          gate, named in
          try await work.riders.merge(gone, into: kept, through: gate, by: who.act(of: named))
        }
        return (kept, taps)
      }
      print("rider \(kept): \(taps) taps came in; their days will be rated anew")
    }
  }

  struct ReplaceMedium: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replace-medium",
      abstract: "Lets a new card take the place of an old one, with products and balance.")

    @Argument(help: "UUID of the medium that goes.", transform: MediumID.argument)
    var old: MediumID

    @Argument(help: "Token of the new one (base64url).", transform: tokenArgument)
    var token: [UInt8]

    @Option(help: "card, bank, phone or qr.", transform: MediumKind.argument)
    var kind: MediumKind = .card

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rider = try await RiderWork.with(database) { work, _ in
        try await work.riders.replace(old, by: kind, token: token, try await who.act(work.store))
      }
      print("rider \(rider): the new \(kind.rawValue) has taken its place")
    }
  }

  struct Block: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "block", abstract: "Puts a rider's media, or one of them, on the deny list.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @Option(help: "Only this medium (UUID).", transform: MediumID.argument)
    var medium: MediumID?

    @Flag(help: "Lets them be used again.")
    var undo = false

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let count = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        return try await work.riders.setBlocked(
          !undo, rider: found, medium: medium, by: try await who.act(work.store))
      }
      print("\(count) media \(undo ? "unblocked" : "blocked")")
    }
  }

  struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "erase",
      abstract: "Takes away who a rider was; rides and books stay. This is not undone.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @Flag(
      help: "Passes and carnets that are not used up are forfeited: operators earn their prices.")
    var forfeit = false

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let nobody = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        return try await work.riders.erase(
          found, forfeiting: forfeit, by: try await who.act(work.store),
          randomBytes: { SecureRandom.bytes($0) })
      }
      print("erased; rides and books go on under \(nobody)")
    }
  }

  struct RepairTaps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "repair-taps",
      abstract: "Mends whose the denied taps are that earlier programs left behind.")

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let repair = try await RiderWork.with(database) { work, _ in
        try await work.riders.repairTaps(
          by: try await who.act(work.store), randomBytes: { SecureRandom.bytes($0) })
      }
      guard repair != TapRepair() else {
        print("no tap was left behind")
        return
      }
      print(
        "\(repair.merged) taps went to whom their riders were merged into, "
          + "\(repair.erased) are nobody's now")
    }
  }
}

extension MediumID {
  /// A medium's UUID on the command line.
  static func argument(_ text: String) throws -> MediumID {
    guard let medium = MediumID(text) else { throw ValidationError("\(text) is not a UUID.") }
    return medium
  }
}
