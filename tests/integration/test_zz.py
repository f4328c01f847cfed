import pytest
from rig.writer import Load
@pytest.mark.parametrize("n", range(2))
def test_zz(cluster, topic_name, work, make_lineage, make_agent, make_oracle, n):
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    lineage = make_lineage("a")
    agent = make_agent(cluster.bootstrap, topic, source={"paths": [str(work / "log" / "*.log*")]})
    oracle = make_oracle(cluster, topic, [lineage])
    written = Load(lineage, rate=5000, total=7400, rotate_every=2000).join()
    import subprocess
    print(subprocess.run("stat -c '%n %i %w %y %s' "+str(work/"log")+"/*", shell=True, capture_output=True, text=True).stdout)
    r = agent.run("--until-eof")
    print(open(work/"agent"/"waybill.log").read() if (work/"agent"/"waybill.log").exists() else list((work/"agent").iterdir()))
    assert r == 0
    oracle.judge().assert_clean(written)
