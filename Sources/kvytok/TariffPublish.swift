import ArgumentParser
import Basics
import Clearing
import Store
import Tariff

extension TariffCommand {
  struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "publish",
      abstract: "Publishes a tariff; each version holds from its effective date.",
      discussion: """
        Nothing goes live early: validators are told of a version on its first fare day. A version \
        that begins today or earlier changes what riders owe already; it needs --rerate, unless it \
        is the city's first. That is an order to rate anew, as `kvytok rate` gives it: what changes \
        is worked out and shown, the person is known by a token (--as), and above the limit nothing is published \
        until another person has approved it (`kvytok rate approve`).
        """)

    @Argument(help: "The tariff's folder.")
    var path: String

    @Flag(help: "Orders the days that have begun to be rated anew, and the differences booked.")
    var rerate = false

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let source = try TariffFolder.read(path)
      guard rerate else {
        let outcome = try await Backbone.with(database) { backbone in
          try await TariffPublishing(store: backbone.store).publish(source, at: .now)
        }
        return try TariffCommand.tell(outcome, path: path)
      }
      try await RateCommand.with(database) { rerating, store in
        let person = try await who.person(store)
        switch try await rerating.publish(source, by: person, at: .now) {
        case .plain(let outcome): try TariffCommand.tell(outcome, path: path)
        case .refused(let why): throw CommandFault(why, exitCode: CommandFault.no)
        case .ordered(let order):
          let done = try await OrderWork(store).finish(order.id)
          print(RateCommand.text(try RatingPreview(kept: done.preview)))
          try RateCommand.tell(done)
        }
      }
    }
  }

  /// Says what became of a tariff; throws when it was not published.
  static func tell(_ outcome: PublishingOutcome, path: String) throws {
    switch outcome {
    case .faulty(let faults):
      for fault in faults { Progress.say("\(path)/\(fault)") }
      throw CommandFault(
        "\(path) has faults; nothing was published.", exitCode: CommandFault.no)
    case .taken(let sentence): throw CommandFault(sentence, exitCode: CommandFault.no)
    case .past(let why):
      throw CommandFault(
        "Nothing was published: \(why.english). Give the order with --rerate, or give the version "
          + "a first day to come.", exitCode: CommandFault.no)
    case .published(let versions, let warnings, let staleDays):
      for warning in warnings { Progress.say("\(path)/\(warning)") }
      for version in versions {
        Progress.say("Tariff \(version.version) holds from \(version.firstDay)")
      }
      if staleDays > 0 { Progress.say("\(staleDays) rider-days will be rated anew") }
    }
  }
}
