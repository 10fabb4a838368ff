import ArgumentParser
import Basics
import Clearing
import Insight
import Store
import Tapping
import Transit
import Wallet
import Web

/// Riders: their rides and categories.
struct RiderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rider", abstract: "Shows riders, and looks after their media and proofs.",
    subcommands: [
      Show.self, Media.self, Register.self, AddEntitlement.self, WithdrawEntitlement.self,
      Category.self, Expiring.self, Merge.self, ReplaceMedium.self, Block.self, Erase.self,
      RepairTaps.self,
    ])

  /// Finds a rider by a UUID, or by the token of what they tap with.
  static func find(
    _ text: String, _ desk: InsightDesk, _ backbone: Backbone
  ) async throws -> RiderID {
    if let rider = try await desk.rider(named: text) { return rider }
    let key = try await backbone.tokenKey()
    // A token is written in base64url on the wire; people may have its plain letters.
    let tokens = [Base64.decode(text, .url), Array(text.utf8)].compactMap { $0 }
    let media = tokens.filter { !$0.isEmpty }.flatMap { token in
      MediumKind.allCases.map { key.mediumID(kind: $0, token: token) }
    }
    guard let rider = try await desk.rider(ofAny: media) else {
      throw CommandFault(
        "There is no rider \(text): nothing of this name was ever tapped.",
        exitCode: CommandFault.no)
    }
    return rider
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Shows rides with the reasons of their fares.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url) of what they tap with.")
    var rider: String

    @Option(help: "Fare day; all days of the last year without it.", transform: Day.argument)
    var date: Day?

    @Option(name: .customLong("lang"), help: "en or uk.", transform: Language.argument)
    var language: Language = .english

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard rider.contains(where: { !$0.isWhitespace }) else {
        throw ValidationError("Name the rider: a UUID, or the token of what they tap with.")
      }
    }

    func run() async throws {
      let (rides, alone, told, zone) = try await Backbone.with(database) { backbone in
        let city = CityHolder()
        try await city.reload(from: backbone.store)
        let desk = InsightDesk(store: backbone.store, city: city)
        let found = try await RiderCommand.find(rider, desk, backbone)
        let today = city.current.fareDay(of: .now)
        let days = date.map { $0...$0 } ?? today.adding(days: -365)...today.adding(days: 1)
        let unpaired = UnpairedTapDesk(store: backbone.store, city: city)
        let rides = try await desk.rides(of: found, days: days)
        let present = rides?.rider ?? found
        let charging = RiderChargeDesk(store: backbone.store)
        return (
          rides, try await unpaired.taps(of: present, days: days),
          try await charging.told(of: present, days: days), city.current.clock.zone
        )
      }
      guard let rides,
        !rides.rides.isEmpty || !alone.isEmpty || !rides.waiting.isEmpty
          || !told.payments.isEmpty || !told.charges.isEmpty
      else {
        throw CommandFault(
          "The rider has no rides in this time.", exitCode: CommandFault.no)
      }
      let words = RiderShowWords(language: language)
      print("\(words.rider) \(rides.rider)")
      for ride in rides.rides {
        let local = zone.local(ride.startedAt)
        let route = ride.routeName ?? words.noRoute
        print("")
        print(
          "\(local.day) \(clockText(seconds: local.secondOfDay))  \(route)"
            + words.mode(of: ride) + "  \(ride.charged?.text(in: language) ?? words.noFare)"
            + (ride.riders > 1 ? "  \(words.riders(ride.riders))" : ""))
        print("  \(words.way(of: ride))")
        print("  \(ride.reason(in: language))")
        print("  \(words.tap(of: ride))")
        for sentence in ride.corrections(in: language) { print("  \(sentence)") }
      }
      for tap in alone {
        let local = zone.local(tap.tap.at)
        print("")
        print("\(local.day) \(clockText(seconds: local.secondOfDay))  \(words.tapOff)")
        print("  \(tap.sentence(in: language))")
      }
      print("")
      for money in rides.charged { print("\(words.total) \(money.text(in: language))") }
      if !told.payments.isEmpty {
        print(told.payments.map { $0.sentence(in: language) }.joined(separator: "; "))
      }
      for day in rides.waiting { print(day.sentence(in: language)) }
      tell(told.charges)
      if rides.isCut { Progress.say("There are more rides; ask for a single day.") }
    }

    /// What the days came to on a bank card, and what became of it.
    private func tell(_ charges: [RiderCharge]) {
      if !charges.isEmpty { print("\n\(RiderShowWords(language: language).charges)") }
      for charge in charges {
        print(
          "\(charge.fareDay)  \(charge.amount.text(in: language))  "
            + charge.sentences(in: language).joined(separator: "; "))
      }
    }
  }

  struct Category: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "category",
      abstract: "Gives a rider a category; the days it covers are rated anew.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url) of what they tap with.")
    var rider: String

    @Argument(help: "The category, as the tariff calls it.")
    var category: String

    @Option(help: "First fare day.", transform: Day.argument)
    var from: Day

    @Option(help: "Last fare day; without it, for good.", transform: Day.argument)
    var to: Day?

    @Option(help: "What proves it, for the file.")
    var proof: String?

    @OptionGroup var person: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      if let to, to < from { throw ValidationError("--to lies before --from.") }
      guard (1...64).contains(category.utf8.count) else {
        throw ValidationError("A category has 1 to 64 characters.")
      }
    }

    func run() async throws {
      let (found, staleDays) = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        let days = ProvenDays(category: category, first: from, last: to)
        let staleDays = try await work.change(
          .proof(
            days, kind: nil, number: nil, note: proof, isReplacing: false, of: found,
            reason: proof ?? "", at: work.riders),
          of: [found], from: from, by: person
        ) { gate, named in
          let act = RiderAct(
            actor: PersonOptions.actor(named, named: nil), reason: proof ?? "", at: .now)
          return try await work.riders.addProof(
            days, kind: nil, number: nil, note: proof, of: found, isReplacing: false,
            through: gate, by: act)
        }
        return (found, staleDays)
      }
      print("rider \(found): \(category) from \(from)\(to.map { " to \($0)" } ?? "")")
      Progress.say("\(staleDays) of the rider's days will be rated anew")
    }
  }
}
