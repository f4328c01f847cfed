// SPDX-License-Identifier: Apache-2.0
// java -cp KAFKA_LIB/* Shuffle.java BOOTSTRAP TOPIC BROKERS MILLISECONDS
//
// Again and again: each partition of the topic gets other replicas (one goes, one comes), and when they are
// there its first one is elected. Prints the number of each round that is done; ends with its standard input.
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ElectionNotNeededException;

public class Shuffle {
	public static void main(String[] args) throws Exception {
		int brokers = Integer.parseInt(args[2]);
		long pause = Long.parseLong(args[3]);
		try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
			for (int round = 1;; round++) {
				Set<TopicPartition> partitions = move(admin, args[1], brokers, round);
				while (!admin.listPartitionReassignments(partitions).reassignments().get().isEmpty())
					Thread.sleep(50);
				elect(admin, partitions);
				System.out.println(round);
				Thread.sleep(pause);
			}
		}
	}

	// Two replicas each, of brokers 1 to `brokers`; the next round has others, in another order.
	static Set<TopicPartition> move(Admin admin, String topic, int brokers, int round) throws Exception {
		int n = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
		Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
		for (int p = 0; p < n; p++) {
			List<Integer> replicas = new ArrayList<>();
			for (int i = 0; i < 2; i++)
				replicas.add(1 + (p + round + i) % brokers);
			moves.put(new TopicPartition(topic, p), Optional.of(new NewPartitionReassignment(replicas)));
		}
		admin.alterPartitionReassignments(moves).all().get();
		return moves.keySet();
	}

	static void elect(Admin admin, Set<TopicPartition> partitions) throws Exception {
		for (Optional<Throwable> error :
		     admin.electLeaders(ElectionType.PREFERRED, partitions).partitions().get().values()) {
			if (error.isPresent() && !(error.get() instanceof ElectionNotNeededException))
				throw new Exception(error.get());
		}
	}
}
