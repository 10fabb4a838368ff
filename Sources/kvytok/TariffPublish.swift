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
        is the city's first.
        """)

    @Argument(help: "The tariff's folder.")
    var path: String

    @Flag(help: "Orders the days that have begun to be rated anew, and the differences booked.")
    var rerate = false

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let source = try TariffFolder.read(path)
      let outcome = try await Backbone.with(database) { backbone in
        try await TariffPublishing(store: backbone.store)
          .publish(source, isReratingOrdered: rerate, at: .now)
      }
      try TariffCommand.tell(outcome, path: path)
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
