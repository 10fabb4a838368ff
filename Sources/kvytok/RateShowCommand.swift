import ArgumentParser
import Clearing
import Store

extension RateCommand {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Shows how far an order is, and what it changes, as last worked out for whoever decides.")

    @Argument(help: "Number of the order.")
    var order: Int64

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { _, store in
        let number = order
        let found = try await store.read { db in try await db.reratingOrders.find(number) }
        guard let found else {
          throw CommandFault("There is no order \(order).", exitCode: CommandFault.no)
        }
        if let share = found.share {
          Progress.say("The order is \(found.state.rawValue): \(Int(share * 100)) % is done")
        }
        if let fault = found.fault { Progress.say(fault) }
        print(RateCommand.text(try RatingPreview(kept: found.preview)))
      }
    }
  }
}
